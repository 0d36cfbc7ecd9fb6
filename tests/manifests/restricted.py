"""The rules of the Pod Security profile *restricted*, as https://kubernetes.io/docs/concepts/security/pod-security-standards/ lists them."""

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SYSCTLS = {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
           "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
           "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"}
SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
PROFILES = {"RuntimeDefault", "Localhost"}


def pod_of(thing):
    """(metadata, spec) of the pod an object makes, or None."""
    kind, spec = thing.get("kind"), thing.get("spec") or {}
    if kind == "Pod":
        return thing.get("metadata") or {}, spec
    if kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template") if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob") else None
    return (template.get("metadata") or {}, template["spec"]) if template else None


def faults(metadata, spec):
    """Sentences on each rule that the pod breaks."""
    found = [f"spec.{name} is true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    pod = spec.get("securityContext") or {}
    found += [f"sysctl {one['name']}" for one in pod.get("sysctls", []) if one["name"] not in SYSCTLS]
    for volume in spec.get("volumes") or []:
        kinds = set(volume) - {"name"}
        found += [f"volume {volume['name']} is a {kind}" for kind in kinds if kind not in VOLUMES]
    for key, value in (metadata.get("annotations") or {}).items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/") and value not in ("runtime/default", "") and not value.startswith("localhost/"):
            found.append(f"apparmor {value}")
    found += _context("the pod", pod)
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or []), *(spec.get("ephemeralContainers") or [])]:
        found += _container(container, pod)
    return found


def _context(who, context):
    found = []
    if context.get("runAsUser") == 0:
        found.append(f"{who} runs as user 0")
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        found.append(f"{who} is a host process")
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("type") not in SELINUX or selinux.get("user") or selinux.get("role"):
        found.append(f"{who} sets SELinux options")
    if context.get("seccompProfile") and context["seccompProfile"].get("type") not in PROFILES:
        found.append(f"{who} has seccomp {context['seccompProfile'].get('type')}")
    return found


def _container(container, pod):
    who, own = f"container {container['name']}", container.get("securityContext") or {}
    found = _context(who, own)
    capabilities = own.get("capabilities") or {}
    if own.get("privileged"):
        found.append(f"{who} is privileged")
    if own.get("allowPrivilegeEscalation") is not False:
        found.append(f"{who} does not set allowPrivilegeEscalation: false")
    if "ALL" not in (capabilities.get("drop") or []):
        found.append(f"{who} does not drop ALL capabilities")
    if set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        found.append(f"{who} adds capabilities {capabilities['add']}")
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        found.append(f"{who} does not set runAsNonRoot: true")
    if not (own.get("seccompProfile") or pod.get("seccompProfile")):
        found.append(f"{who} has no seccomp profile")
    if own.get("procMount", "Default") != "Default":
        found.append(f"{who} has procMount {own['procMount']}")
    found += [f"{who} has hostPort {port['hostPort']}" for port in container.get("ports") or [] if port.get("hostPort")]
    return found
