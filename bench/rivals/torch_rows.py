#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times PyTorch on the layers of a clconv-bench report and adds its rows to it, as rivals.

bench/rivals/torch_rows.py REPORT.json [--device cuda|cpu] [--min-time S]

Run it right after clconv-bench, on the same machine. Rows: torch-nchw, calls queued back to back
as a program makes them; on CUDA also torch-nchw-graph and torch-nhwc-graph (channels_last), where
a CUDA graph spares what each call costs the host. cuDNN picks its algorithms by timing
(benchmark = True); TF32 is off, as all of clConv is float32. A shared kernel runs as PyTorch users
write it, folded into the batch. A gradient (dir= in the case) is aten's convolution_backward for it
alone. Every result is compared with PyTorch's own in float64.
Exit status: 0 good; 1 a result was wrong; 77 no PyTorch, or no such device.
"""
import argparse
import json
import pathlib
import re
import statistics
import sys
import time

try:
    import torch
except ImportError:
    torch = None

NO_DEVICE = 77
BLOCKS = 6         # of samples, for the interval of a median: as in bench/stats.c
NOISY = 0.03       # its share of the median above which a row is NOISY: bench/stats.h
SAMPLE_S = 2e-3    # calls between two waits
GRAPH_CALLS = 20   # convolutions of one graph
GRADIENTS = {"backward-data": 0, "backward-weights": 1} # where convolution_backward has them
TOLERANCE = 1e-4   # of the largest result; TF32 errs by ten times as much


# ---- A layer ----------------------------------------------------------------------------------

def sizes(case):
    """The numbers of a case (the grammar is common/case.h's) that PyTorch is asked with."""
    found = dict(n=1, g=1, b=0, sh=1, sw=1, dh=1, dw=1, pt=0, pb=0, pl=0, pr=0)
    both = {"hw": "h w", "rs": "r s", "st": "sh sw", "p": "pt pb pl pr", "d": "dh dw",
            "ph": "pt pb", "pw": "pl pr"}
    found.update(r=1, s=1)
    for key, value in re.findall(r"([a-z]+)([0-9]+)", case.split(":")[0]):
        for one in both.get(key, key).split():
            found[one] = int(value)
    if (found["pt"], found["pl"]) != (found["pb"], found["pr"]):
        raise ValueError(f"{case}: nn.functional.conv2d pads both sides alike")
    return found


def direction(case):
    """What its dir= says."""
    return next((word[len("dir="):] for word in case.split(":") if word.startswith("dir=")),
                "forward")


class Layer:
    """x, w and the call, on a device; of a gradient y, too, the loss's gradient by the output."""

    def __init__(self, case, device):
        z = sizes(case)
        groups, n, c, k = z["g"], z["n"], z["c"], z["k"]
        if ":shared" in case:
            n, c, k, groups = n * c, 1, k // c, 1
        generator = torch.Generator().manual_seed(1)
        self.x = (torch.rand(n, c, z["h"], z["w"], generator=generator) - 0.5).to(device)
        self.w = (torch.rand(k, c // groups, z["r"], z["s"], generator=generator) - 0.5).to(device)
        self.options = dict(stride=(z["sh"], z["sw"]), padding=(z["pt"], z["pl"]),
                            dilation=(z["dh"], z["dw"]), groups=groups)
        self.wanted = GRADIENTS.get(direction(case))
        if self.wanted is not None:
            shape = torch.nn.functional.conv2d(self.x, self.w, **self.options).shape
            self.y = (torch.rand(shape, generator=generator) - 0.5).to(device)

    def last_channels(self):
        self.x = self.x.contiguous(memory_format=torch.channels_last)
        self.w = self.w.contiguous(memory_format=torch.channels_last)
        if self.wanted is not None:
            self.y = self.y.contiguous(memory_format=torch.channels_last)

    def gradient(self, x, w, y):
        options = self.options
        mask = [one == self.wanted for one in range(3)]
        return torch.ops.aten.convolution_backward(
            y, x, w, None, options["stride"], options["padding"], options["dilation"], False,
            [0, 0], options["groups"], mask)[self.wanted]

    def call(self):
        if self.wanted is not None:
            return self.gradient(self.x, self.w, self.y)
        return torch.nn.functional.conv2d(self.x, self.w, **self.options)

    def right(self, got):
        """One image is enough, a wrong algorithm is wrong there; but weights sum over all."""
        if self.wanted is not None:
            wanted = self.gradient(self.x.double(), self.w.double(), self.y.double())
        else:
            got = got[:1]
            wanted = torch.nn.functional.conv2d(self.x[:1].double(), self.w.double(),
                                                **self.options)
        return bool((got.double() - wanted).abs().max() <= TOLERANCE * wanted.abs().max())


# ---- Timing -----------------------------------------------------------------------------------

def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def graphed(layer):
    """A function that replays GRAPH_CALLS calls, and its last result."""
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            layer.call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(GRAPH_CALLS):
            y = layer.call()
    return graph.replay, y


def seconds(run, calls, device):
    start = time.perf_counter()
    for _ in range(calls):
        run()
    wait(device)
    return time.perf_counter() - start


def samples(run, device, min_time):
    """Seconds per run: samples of about SAMPLE_S until min_time is full."""
    run()
    wait(device)
    calls = max(1, round(SAMPLE_S / max(seconds(run, 3, device) / 3, 1e-7)))
    seconds(run, calls, device)
    found, end = [], time.perf_counter() + min_time
    while len(found) < BLOCKS or time.perf_counter() < end:
        found.append(seconds(run, calls, device) / calls)
    return found, calls


def half_width(found):
    edges = [i * len(found) // BLOCKS for i in range(BLOCKS + 1)]
    medians = [statistics.median(found[a:b]) for a, b in zip(edges, edges[1:])]
    return (max(medians) - min(medians)) / 2


# ---- Rows -------------------------------------------------------------------------------------

def row_of(ours, name, place, timing):
    """A row of the report like `ours`, by another contestant."""
    found, calls, first_ms, verified = timing
    median, u = statistics.median(found) * 1e3, half_width(found) * 1e3
    times = sorted(one * 1e3 for one in found)
    status, reason = "OK", None
    if not verified:
        status, reason = "FAILED", "differs from PyTorch's result in float64"
    elif u > NOISY * median:
        status, reason = "NOISY", f"the median is known to {100 * u / median:.1f} % only"
    return {**ours, "algo": f"rival:{name}", "tile": None, "device": place,
            "threads": torch.get_num_threads() if place == "host" else ours["threads"],
            "median_ms": median, "min_ms": times[0],
            "p90_ms": times[(len(times) * 9 + 9) // 10 - 1],
            "mad_ms": statistics.median(abs(one - median) for one in times), "u_ms": u,
            "samples_ms": [one * 1e3 for one in found], "launches_per_sample": calls,
            "event_ms": None, "latency_ms": None, "enqueue_us": None, "first_ms": first_ms, "pack_ms": None,
            "gflops": 2e-6 * ours["macs"] / median,
            "gflops_inside": 2e-6 * ours["macs_inside"] / median,
            "gbps": 1e-6 * ours["bytes"] / median, "roof_pct": 100 * ours["roof_ms"] / median,
            "status": status, "reason": reason, "verified": verified}


def contestants(device):
    yield "torch-nchw", False, False
    if device == "cuda":
        yield "torch-nchw-graph", False, True
        yield "torch-nhwc-graph", True, True


def rows_of(ours, device, min_time):
    layer = Layer(ours["case"], device)
    place = torch.cuda.get_device_name() if device == "cuda" else "host"
    for name, last, graph in contestants(device):
        if last:
            layer.last_channels()
        start = time.perf_counter()
        y = layer.call()
        wait(device)
        first_ms = (time.perf_counter() - start) * 1e3
        run, per_run = layer.call, 1
        if graph:
            run, y = graphed(layer)
            per_run = GRAPH_CALLS
        found, calls = samples(run, device, min_time)
        timing = [one / per_run for one in found], calls * per_run, first_ms, layer.right(y)
        yield row_of(ours, name, place, timing)


def is_plain(row):
    """float32 in NCHW: what PyTorch is compared on."""
    return row.get("dtype", "f32") == "f32" and row.get("layout", "nchw") == "nchw"


def extend(report, device, min_time):
    """The report's rows with ours behind those of each layer. True where all were right."""
    good, seen, rows = True, set(), []
    for row in report["rows"]:
        rows.append(row)
        key = row["case"], row["batch"]
        if key in seen or row["algo"].startswith("rival:") or not is_plain(row):
            continue
        seen.add(key)
        for new in rows_of(row, device, min_time):
            good = good and new["verified"]
            rows.append(new)
            print(f"{row['case']:50} {new['algo']:24} {new['median_ms']:9.4f} ms"
                  f" {new['gflops']:9.1f} GFLOP/s {new['status']}", flush=True)
    report["rows"] = rows
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=pathlib.Path, help="what clconv-bench --json wrote")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--min-time", type=float, default=0.1, help="seconds per row (0.1)")
    args = parser.parse_args()
    if torch is None or args.device == "cuda" and not torch.cuda.is_available():
        print(f"torch_rows: no PyTorch with {args.device} here", file=sys.stderr)
        return NO_DEVICE
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    report = json.loads(args.report.read_text(encoding="utf-8"))
    with torch.inference_mode():
        good = extend(report, args.device, args.min_time)
    args.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
