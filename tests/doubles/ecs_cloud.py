#!/usr/bin/env python3
"""A double of the Amazon ECS control plane for the tests of kedge.

    ecs_cloud.py --dir DIR [--port 0] [--ports 1] [--region eu-west-1] [--account 123456789012]
                 [--cluster edge] [--time-scale N] [--scaled-clock] [--lag-max 2.0] [--seed N]
                 [--certificate good|expired|future|wrong-host|untrusted] [--rsa]
                 [--instance-id mi-0123] [--name NAME] [--stdin-watch]

--name is one more name the certificate is for, beside localhost. With --ports N the same answers on N ports, each a line of
endpoint, so that a part of the clients can lose its line.

Files in DIR: ca.pem, tls/server.{crt,key}, credentials (profile default), control.sock, requests.jsonl (one line per
request read), connections.jsonl (one per connection that ended: TCP payload both ways, TLS
version, resumption, error), endpoint, and, written last and atomically, port. It ends on SIGTERM,
and with --stdin-watch when its standard input closes.

On the same port answers ECR's GetAuthorizationToken (by X-Amz-Target); the tokens are in DIR/ecr_tokens.json.

It shares no code with kedge. It refuses what ECS would refuse (signature, scope, token, clock,
shape, limits, access, rate) and some more: unknown members and unsigned x-amz-* headers.
StopServiceDeployment and UpdateService act on the present state; reads lag by 0..lag-max
seconds, drawn per request, so they may even step back in time.

Two clocks. Model time (monotonic * time-scale) drives the scheduler: 40 s until healthy, the
launch back-off, forgetting stopped tasks after an hour. Server time (wall clock + offset) is what
clients see: Date, skew, time stamps, token life, buckets, lag; --scaled-clock makes it run at
the model's pace.

Control: one JSON object per line over DIR/control.sock, {"command": NAME, ...}; the answer is
{"ok": true, ...} or {"ok": false, "error": TEXT}. cloudctl.py is a client for shells. Commands,
with their members (a default after =):

  ping; dump                    clocks; the whole state
  dump-service                  service: what dump has of it
  batch                         commands[]: all of them as one -> answers[]; readers see what changed at its end
  wait-deployment               service, status[], timeout_s=30: of the newest deployment
  register-task-definition      the members of RegisterTaskDefinition, first_revision=1
  deregister-task-definition    taskDefinition
  create-service                service, taskDefinition, desiredCount=1, deploymentConfiguration,
                                controller=ECS
  update-service                service, taskDefinition, forceNewDeployment, desiredCount,
                                deploymentConfiguration: the "deploy" of a CI
  console-deploy                service, taskDefinition: somebody else deploys
  stop-deployment               service or arn: somebody else rolls back
  delete-service                service
  set-deployment-configuration  service, deploymentCircuitBreaker, maximumPercent, …: also for the
                                deployment that goes on
  add-service-deployment        service, taskDefinition, status, created_ago_s, sources[], digests{},
                                reason, rollback_to, failureCount: a finished one, into the history
  fail-rollback                 service: the rollback that goes on fails
  no-target                     outcome ROLLBACK_FAILED|STOPPED|stall when nothing was SUCCESSFUL
  instance-register             containerInstanceArn, ec2InstanceId, agentVersion, dockerVersion,
                                memory, attributes: registers (or comes back) and connects
  instance-connect, instance-disconnect, instance-deregister   instance (ARN, id or mi-…)
  poll-tasks                    instance (* for all), since=0, wait_s=0 -> connected, seq, tasks[]:
                                tasks placed or ordered to stop since seq. A payload has taskArn,
                                family, version, desiredStatus and containers[] (the definition;
                                image is repo@sha256:… and imageDigest set when the revision's
                                digest is recorded, definitionImage is the original)
  submit-task-state-change      task, status PENDING|RUNNING|STOPPED, reason, containers[{name,
                                status, exitCode, reason, imageDigest, runtimeId, healthStatus,
                                networkBindings}], pullStartedAt, pullStoppedAt, executionStoppedAt
  submit-health                 task, containers[{name, healthStatus}]
  run-task, stop-task           a standalone task; stop any task (task, reason)
  link                          state up|down, mode refuse|blackhole, at=0: the HTTPS port (of several the one there;
                                blackhole silences the connections of all)
  wan                           the same for the HTTPS port and the agents (or one instance)
  set-throttle                  category or op, burst, rate; reset=true restores all; retry_after_ms=0: what
                                refusals ask to wait for (x-amz-retry-after)
  fault                         kind, count=1, op, seconds=5, at=0.5: the next count requests get
                                http500 http503 html redirect xml empty bad-json hang reset (not
                                executed), or
                                truncate pause_mid_body slow drop-answer (executed)
  clear-faults; pause-mid-body  seconds, op=DescribeServices, at=0.5, count=1
  set-clock                     offset_s of the server's clock
  set-tls                       certificate=good|expired|future, newest=1.2|1.3: connections from now on; sessions
                                of before are not resumed
  set-lag                       max, or fixed
  expire-credentials            session, in_s=0
  rotate-credentials            expire_old=false, torn_s=0: rewrites DIR/credentials in place, half
                                written for torn_s
  add-key                       session, in_s=null: keys of one more node, that end in in_s seconds
  set-policy                    policy (a document, a file's path, or null for none), kind
                                identity|boundary|scp, session: IAM as cloud_iam.py evaluates it
  deny-action, allow-action     action (ecs:Name or glob), resource glob, session
  pad-events                    service, count=100, kind mixed|steady
  add-services                  count, taskDefinition, prefix=svc, desiredCount=0, events=100, kind

Where AWS documents no answer, cloud_scheduler.py marks the choice [U].
"""
from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cloud_api import Api  # noqa: E402
from cloud_clock import Clock  # noqa: E402
from cloud_control import Control, serve_control  # noqa: E402
from cloud_http import Link, Server, make_certificates  # noqa: E402
from cloud_scheduler import World  # noqa: E402
from cloud_sigv4 import Key, Verifier  # noqa: E402
from leash import end_with_stdin  # noqa: E402


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A double of the Amazon ECS control plane.")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ports", type=int, default=1)
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--cluster", default="edge")
    parser.add_argument("--time-scale", type=float, default=1.0)
    parser.add_argument("--scaled-clock", action="store_true")
    parser.add_argument("--lag-max", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--certificate", default="good",
                        choices=["good", "expired", "future", "wrong-host", "untrusted"])
    parser.add_argument("--rsa", action="store_true")
    parser.add_argument("--instance-id", default="mi-0123")
    parser.add_argument("--name", action="append", default=[])
    parser.add_argument("--stdin-watch", action="store_true")
    return parser.parse_args()


def write_atomically(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(path)


def tick(world: World) -> None:
    """Step the model for ever; a broken model ends the double, it does not limp on."""
    try:
        while True:
            begin = time.monotonic()
            with world.lock:
                world.step()
            time.sleep(max(world.clock.tick_s(), 4 * (time.monotonic() - begin)))   # a large fleet's step takes its time
    except Exception:
        traceback.print_exc()
        os._exit(70)


def main() -> None:
    args = parse_arguments()
    args.dir.mkdir(parents=True, exist_ok=True)
    folder = args.dir.resolve()
    (folder / "port").unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    context = make_certificates(folder, args.certificate, args.rsa, tuple(args.name))
    clock = Clock(args.time_scale, args.scaled_clock)
    world = World(clock, args.region, args.account, args.cluster, args.lag_max,
                  random.Random(args.seed))
    api = Api(world)
    keys: dict[str, Key] = {}
    server = Server(api, Verifier(args.region, keys), context, folder)
    links = [Link(server, args.port if i == 0 else 0) for i in range(args.ports)]
    control = Control(api, server, links, keys, folder, args.instance_id)
    serve_control(control, folder / "control.sock")
    threading.Thread(target=tick, args=(world,), daemon=True).start()
    if args.stdin_watch:
        end_with_stdin()
    write_atomically(folder / "endpoint", "".join(f"https://localhost:{link.port}\n" for link in links))
    write_atomically(folder / "port", f"{links[0].port}\n")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
