// Remark: why a pod is not injected, or what a person should know although it is.
#pragma once

#include <string>
#include <string_view>

#include "kubernetes/json.h"

namespace holdfast::kubernetes {

struct Remark {
  std::string code;      // a stable word, see below
  std::string sentence;  // one, without a full stop
  std::string fix;       // what to do about it; may be empty
  Path at;               // what it is about, from the root of the object
};

namespace code {
inline constexpr std::string_view not_kubernetes = "not-kubernetes";
inline constexpr std::string_view too_large = "too-large";
inline constexpr std::string_view not_editable = "not-editable";
inline constexpr std::string_view wrong_type = "wrong-type";
inline constexpr std::string_view unknown_annotation = "unknown-annotation";
inline constexpr std::string_view bad_annotation = "bad-annotation";
inline constexpr std::string_view misplaced_annotation = "misplaced-annotation";
inline constexpr std::string_view already_injected = "already-injected";
inline constexpr std::string_view name_taken = "name-taken";
inline constexpr std::string_view port_taken = "port-taken";
inline constexpr std::string_view no_port = "no-port";
inline constexpr std::string_view privileged_port = "privileged-port";
inline constexpr std::string_view several_ports = "several-ports";
inline constexpr std::string_view several_containers = "several-containers";
inline constexpr std::string_view no_container = "no-container";
inline constexpr std::string_view unnamed_port = "unnamed-port";
inline constexpr std::string_view host_port = "host-port";
inline constexpr std::string_view host_network = "host-network";
inline constexpr std::string_view protocol = "protocol";
inline constexpr std::string_view native_sidecar = "native-sidecar";
inline constexpr std::string_view job = "job";
inline constexpr std::string_view windows = "windows";
inline constexpr std::string_view own_pre_stop = "own-pre-stop";
inline constexpr std::string_view grace = "grace";
inline constexpr std::string_view probe = "probe";
inline constexpr std::string_view mesh = "mesh";
inline constexpr std::string_view service = "service";
inline constexpr std::string_view policy = "policy";
inline constexpr std::string_view not_injected = "not-injected";
inline constexpr std::string_view edited_since = "edited-since";
}  // namespace code

}  // namespace holdfast::kubernetes
