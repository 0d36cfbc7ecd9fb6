#pragma once

#include "cli/command.h"

namespace holdfast::cli {

int run_inject(std::span<const std::string_view> args);
int run_uninject(std::span<const std::string_view> args);

inline constexpr Command inject_command{
    "inject", "adds the sidecar to Kubernetes manifests",
    "Usage: holdfast inject [-f FILE] [FILE… | -] [-o yaml|diff] [--image IMAGE] [--policy CONFIGMAP]\n"
    "                       [--native auto|true|false] [--kube-version 1.31] [--namespace NAMESPACE]\n"
    "                       [--drain-token TOKEN | --drain-key-file FILE] [--labelled-only]\n\n"
    "Reads YAML or JSON (`-`, or no file: standard input; 16 MiB at most) and writes it to standard output with the\n"
    "sidecar in every Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job and CronJob,\n"
    "also inside a List. What is not touched stays byte for byte; injecting twice is the same as once;\n"
    "`holdfast uninject` gives the input back byte for byte.\n\n"
    "Every pod is injected, unless its label holdfast.dev/inject says \"false\". With --labelled-only: only pods that\n"
    "say \"true\", or whose Namespace in the same stream has holdfast.dev/injection: enabled; the webhook is asked\n"
    "about such namespaces alone.\n"
    "Settings are annotations of the pod under holdfast.dev/: policy, app-port, app-container, proxy-port, capture,\n"
    "native, rewrite-probes, trusted-hops, cpu-request, memory-request, memory-limit, log-level.\n\n"
    "The app's port keeps its name, and its number becomes the proxy's. Services of the same stream that mean it by\n"
    "number are changed too; several files are one stream. Warnings and errors go to standard error with file and\n"
    "line. One error, and nothing is written: exit 78.\n\n"
    "  -o yaml|diff            the new manifests (default), or a unified diff\n"
    "  --image IMAGE           of the sidecar (default localhost/holdfast:dev)\n"
    "  --policy CONFIGMAP      whose key policy.yaml is the policy of pods without the annotation\n"
    "  --native MODE           a native sidecar or a plain container; auto goes by --kube-version\n"
    "  --kube-version VERSION  of the servers (default 1.31); native sidecars need 1.29\n"
    "  --namespace NAMESPACE   of objects that name none (default: default)\n"
    "  --drain-token TOKEN     of the drain hook; without it, made of the key in --drain-key-file and the workload's\n"
    "                          name. Without both, anybody who reaches the pod can work it out.\n\n"
    "Example:\n  holdfast inject -f users.yaml --policy users-policy | kubectl apply -f -\n",
    run_inject};

inline constexpr Command uninject_command{
    "uninject", "takes the sidecar out of Kubernetes manifests again",
    "Usage: holdfast uninject [-f FILE] [FILE… | -] [-o yaml|diff]\n\n"
    "Takes back what `holdfast inject` or the webhook did, as the annotation holdfast.dev/status tells. Of the output "
    "of\n"
    "`holdfast inject` it gives the input back byte for byte. One error, and nothing is written: exit 78.\n\n"
    "Example:\n  holdfast uninject injected.yaml >users.yaml\n",
    run_uninject};

}  // namespace holdfast::cli
