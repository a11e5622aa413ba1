#!/usr/bin/env python3
"""From the moment a route appears to the moment AWS has the rollback that was decided without one: kedge is alone (fleet = 1),
waits for nothing on purpose (hold_down = 0s) and its keys are valid. LINE_CUTS cuts (5), each with a fresh bad deployment; what
is said in either direction is 30 ms under way. How long that takes is told, not judged."""
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from line import LineSite, line_can  # noqa: E402
from e2e import done, figures, note, ok, percentile, skip_all, wait  # noqa: E402

CUTS = int(os.environ.get("LINE_CUTS") or 5)
CONF = {"policy": {"rollback": "auto", "hold_down": "0s", "max_rollbacks_per_day": "100"}, "aws": {"fleet": "1"},
        "service web": {"family": "web"}}
AWAY_S = 3.0			# how long the route stays away once all is decided, at most


def cut(s, rng):
    """Seconds from the route to the accepted stop; None when it never came."""
    s.forget_connections()
    tries, packets = s.tries_without_route(), s.here.sent("wan")
    s.route(False)
    deployment = s.deploy_bad("web")
    if not wait(lambda: s.rollback("web").get("state") == "queued-offline", 30, 0.05):
        return None
    time.sleep(rng.uniform(0, AWAY_S))		# cuts end at any moment of what kedge does meanwhile
    ok((s.tries_without_route(), s.here.sent("wan")) == (tries, packets), "nothing was sent or tried without a route")
    begun = time.time()
    s.route(True)
    wait(lambda: s.accepted(deployment), 120, 0.05)
    return s.accepted(deployment).get("time_unix_s", begun - 1) - begun if s.accepted(deployment) else None


def rested(s):
    """The last one is over, for AWS and for kedge."""
    return s.hauled_back("web") and wait(lambda: s.rollback("web").get("state") == "rolled-back", 90, 0.1)


def main():
    why = line_can()
    if why:
        skip_all(why)
    seed = int(os.environ.get("SEED0") or 1)
    rng, took = random.Random(seed), []
    with LineSite(conf=CONF, cloud_options=("--time-scale", "100")) as s:
        s.begin("web")
        s.uplink("line", delay_ms=30)
        for i in range(CUTS):
            if i % 3 == 2:		# what is gone back to must be one of the last five deployments
                s.deploy_good("web")
            seconds = cut(s, rng)
            ok(seconds is not None, f"cut {i + 1}: the rollback is accepted", f"{s.rollback('web')}\n{s.kedge.tail(20)}")
            if seconds is None:
                break
            took.append(seconds)
            ok(rested(s), f"cut {i + 1}: and comes to its end", f"{s.rollback('web')}\n{s.kedge.tail(20)}")
        note(f"seed {seed}; seconds from link-up to the accepted stop: " + " ".join(f"{t:.2f}" for t in took))
    if took:
        figures(link_up_to_rollback_s_p50=round(percentile(took, 50), 2), link_up_to_rollback_s_p95=round(percentile(took, 95), 2),
                link_up_to_rollback_s_max=round(max(took), 2), link_up_cuts=len(took))
    done()


main()
