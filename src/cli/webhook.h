// `holdfast webhook` and `holdfast certs`. They need OpenSSL, whose relocations alone would cost each sidecar half a
// megabyte: they live in a program of their own, holdfast-webhook, that is installed beside this one.
#pragma once

#include "cli/command.h"

namespace holdfast::cli {

// Puts holdfast-webhook in the place of this process; returns when that failed, after telling why.
int run_webhook_program(std::span<const std::string_view> args);  // the command's name is added
int run_certs_program(std::span<const std::string_view> args);

inline constexpr std::string_view webhook_summary = "injects the sidecar into pods as a Kubernetes admission webhook";
inline constexpr std::string_view webhook_usage =
    "Usage: holdfast webhook --certificates DIR --image IMAGE --drain-key-file FILE [--listen :8443]\n"
    "                        [--telemetry :9902] [--policy CONFIGMAP] [--native auto|true|false]\n"
    "                        [--kube-version 1.31] [--log-level LEVEL]\n\n"
    "Answers AdmissionReviews (admission.k8s.io/v1) of pods that are created, on POST /mutate over TLS 1.2 or 1.3,\n"
    "with what `holdfast inject` does to the same pod. Which pods are asked about is up to the selectors of the\n"
    "MutatingWebhookConfiguration; a pod with the label holdfast.dev/inject: \"false\" is left alone in any case.\n\n"
    "  --certificates DIR      with tls.crt and tls.key, as a mounted kubernetes.io/tls Secret has them; reloaded\n"
    "                          when they change, and a faulty pair is told while the one in use stays\n"
    "  --image IMAGE           of the sidecar\n"
    "  --drain-key-file FILE   the secret that drain tokens are made of (read once)\n"
    "  --listen ADDRESS        for reviews (default :8443)\n"
    "  --telemetry ADDRESS     for /metrics, /livez and /readyz, without TLS (default :9902)\n"
    "  --policy CONFIGMAP      whose key policy.yaml is the policy of pods without the annotation\n"
    "  --native MODE           native sidecars or plain containers; auto goes by --kube-version\n"
    "  --kube-version VERSION  of the servers (default 1.31); native sidecars need 1.29\n"
    "  --log-level LEVEL       such as info or warn,access=info (default info)\n\n"
    "SIGTERM drains: not ready for 5 s, then connections end after their request. Exit codes: 0 after a drain, 64 for\n"
    "a wrong flag, 69 when an address cannot be used, 78 for certificates or a key that cannot be used.\n\n"
    "Example:\n"
    "  holdfast webhook --certificates /etc/holdfast/tls --image registry.example/holdfast:1.0.0 \\\n"
    "    --drain-key-file /etc/holdfast/drain/key\n";

inline constexpr std::string_view certs_summary = "makes and renews the certificates of `holdfast webhook`";
inline constexpr std::string_view certs_usage =
    "Usage: holdfast certs [--namespace holdfast-system] [--service holdfast-webhook] [--days 365] [--ca-days 1825]\n"
    "       holdfast certs --renew authority|certificate [-f FILE] [--days N] [--ca-days N]\n"
    "       holdfast certs --ca-bundle-patch [-f FILE]\n\n"
    "Prints two Secrets as YAML: SERVICE-certificates (tls.crt, tls.key and ca.crt, what the webhook mounts) and\n"
    "SERVICE-ca (ca.crt and ca.key, for renewals only). The certificate is for SERVICE.NAMESPACE.svc and\n"
    "SERVICE.NAMESPACE.svc.cluster.local. With --ca-bundle-patch it prints, instead, the JSON Patch that makes API\n"
    "servers trust ca.crt. The other two forms read the Secrets from FILE or standard input.\n\n"
    "  --days N      how long the serving certificate is valid (1 to 825)\n"
    "  --ca-days N   how long the authority is valid (at least as long, at most 7300)\n\n"
    "To install:\n"
    "  holdfast certs | kubectl apply -f -\n"
    "  get='kubectl -n holdfast-system get secret holdfast-webhook-certificates holdfast-webhook-ca -o yaml'\n"
    "  patch='kubectl patch mutatingwebhookconfiguration holdfast-webhook --type=json --patch-file=/dev/stdin'\n"
    "  $get | holdfast certs --ca-bundle-patch | $patch\n\n"
    "To renew without a gap, in two steps; each may be repeated. A new authority, which API servers trust beside the\n"
    "old one:\n"
    "  $get | holdfast certs --renew authority | kubectl apply -f -\n"
    "  $get | holdfast certs --ca-bundle-patch | $patch\n"
    "Then a certificate signed by it, and once every replica has that, trust in the new authority alone:\n"
    "  $get | holdfast certs --renew certificate | kubectl apply -f -\n"
    "  kubectl -n holdfast-system rollout restart deployment holdfast-webhook\n"
    "  kubectl -n holdfast-system rollout status deployment holdfast-webhook\n"
    "  $get | holdfast certs --ca-bundle-patch | $patch\n"
    "The second step alone renews the certificate under the authority that is there.\n\n"
    "Exit codes: 0, 64 for a wrong flag, 78 for Secrets that cannot be used.\n\n"
    "Example:\n  holdfast certs --days 90 | kubectl apply -f -\n";

inline constexpr Command webhook_command{"webhook", webhook_summary, webhook_usage, run_webhook_program};
inline constexpr Command certs_command{"certs", certs_summary, certs_usage, run_certs_program};

}  // namespace holdfast::cli
