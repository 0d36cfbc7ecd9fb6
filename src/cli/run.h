#pragma once

#include "cli/command.h"

namespace holdfast::cli {

int run_run(std::span<const std::string_view> args);

inline constexpr Command run_command{
    "run", "runs the sidecar",
    "Usage: holdfast run [--config FILE] [--listen ADDRESS] [--upstream ADDRESS] [--telemetry ADDRESS] [--admin "
    "ADDRESS]\n"
    "                    [--workers N] [--memory SIZE] [--policy FILE] [--service NAME]\n"
    "\n"
    "Serves until SIGTERM or SIGINT, then drains. A flag beats the file; `holdfast effective` shows which one counts.\n"
    "SIGHUP, or a change of the files, loads them again without dropping a request.\n"
    "\n"
    "--app-probes holds the app's own Kubernetes probes, as `holdfast inject` writes them; the telemetry listener "
    "performs them\nunder /app-probe/CONTAINER/KIND, without any policy.\n"
    "\n"
    "Environment: HOLDFAST_LOG (log levels, as `info,policy=debug`), HOLDFAST_DRAIN_TOKEN (enables GET "
    "/drain/<token>), NO_COLOR.\n"
    "\n"
    "Example:\n  holdfast run --config config/holdfast.yaml\n"
    "  holdfast run --listen 127.0.0.1:8080 --upstream 127.0.0.1:3000\n",
    run_run};

}  // namespace holdfast::cli
