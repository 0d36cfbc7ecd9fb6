"""The options of scripts/bench, which installs and builds first and explains them."""
import argparse
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1, help="of one round of one proxy, about")
    parser.add_argument("--rows", default="", help="only rows whose name matches")
    parser.add_argument("--quick", action="store_true", help="half a minute: shows that it works, no more")
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    for other in ("growth", "worst", "gates"):
        parser.add_argument(f"--{other}", action="store_true")
    options = parser.parse_args()
    if options.gates:
        import gates
        return gates.run(options.build, options.rows)
    if options.growth:
        import growth
        return growth.run(options.build, options.rows, options.quick)
    if options.worst:
        import worst
        return worst.run(options.build, options.rows)
    import compare
    return compare.run(options.build, 2 if options.quick else options.rounds, 0.05 if options.quick else options.seconds, options.rows, options.quick)


if __name__ == "__main__":
    sys.exit(main())
