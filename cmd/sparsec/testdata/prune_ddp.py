"""Trains small models in two processes, prunes them with sparsec_prune.py, and writes
what the updates left and what pruning made of it.

    prune_ddp.py FOLDER      # sparsec_prune.py and sparsec_export.py lie in it

FOLDER/CASE.safetensors holds STEP/value/NAME, STEP/grad/NAME and STEP/pruned/NAME.
"""

import os
import sys

import torch
import torch.distributed
import torch.multiprocessing
from torch import nn

sys.path.insert(0, sys.argv[1])
import sparsec_export
import sparsec_prune as sp

STEPS = 24
LASSO = 0.01

CASES = {
    "cubic_element": dict(schedule=sp.Cubic(2, 20, 3), density=0.1),
    "cubic_lane8x8": dict(schedule=sp.Cubic(2, 20, 3), density=0.13, pattern="lane8x8"),
    "cubic_lane16x32": dict(schedule=sp.Cubic(0, 24, 4), density=0.3, pattern="lane16x32"),
    "cubic_slide8x8": dict(schedule=sp.Cubic(2, 20, 3), density=0.25, pattern="slide8x8"),
    "cubic_block8x1": dict(schedule=sp.Cubic(2, 20, 3), density=0.2, pattern="block8x1"),
    "cubic_block8x4": dict(schedule=sp.Cubic(2, 20, 3), density=0.25, pattern="block8x4"),
    "lasso_block8x1": dict(schedule=sp.Cubic(2, 20, 3), density=0.2, pattern="block8x1"),
    "ramp_element": dict(schedule=sp.ramp(4, 6, 0.3, freq=2)),
    "ramp_slide6x4": dict(schedule=sp.ramp(4, 6, 0.25, freq=2), pattern="slide6x4"),
    "ramp_block4x1": dict(schedule=sp.ramp(4, 6, 0.25, freq=2), pattern="block4x1"),
    "oneshot_rules": dict(
        schedule=sp.OneShot(7), density=0.2,
        rules=["*weight_hh_l0[z]=0.4", "*weight_ih_l*=lane8x8:0.3", "out.weight=dense"]),
    "diagonal": dict(schedule=sp.Cubic(2, 20, 3), density=0.2, pattern="lane8x8", diagonal=True),
    "rigl": dict(schedule=sp.RigL(2, 20, 3), density=0.3),
    "rigl_slide": dict(schedule=sp.RigL(2, 20, 3, 0.4), density=0.4, pattern="slide8x8", diagonal=True),
    "rigl_lane": dict(schedule=sp.RigL(2, 20, 3, 0.4), density=0.4, pattern="lane8x8", diagonal=True),
}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(10, 20, num_layers=2)
        self.out = nn.Linear(20, 7)

    def forward(self, x):
        return self.out(self.gru(x)[0])


def train(case, rank, folder):
    torch.manual_seed(len(case))
    net = Net()
    model = nn.parallel.DistributedDataParallel(net)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03)
    pruner = sp.Pruner(net, **CASES[case])
    data = torch.Generator().manual_seed(100 + rank)  # each process has its own
    record = {}
    for step in range(1, STEPS + 1):
        x = torch.randn(5, 3, 10, generator=data)
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        for name, p in net.named_parameters():
            record[f"{step}/value/{name}"] = p.detach().clone()
            record[f"{step}/grad/{name}"] = p.grad.clone()
        if step == 11:  # as a checkpoint would
            state = pruner.state_dict()
            pruner = sp.Pruner(net, **CASES[case])
            pruner.load_state_dict(state)
        if case.startswith("lasso"):
            pruner.shrink(LASSO)
        pruner.after_step()
        for name, p in net.named_parameters():
            record[f"{step}/pruned/{name}"] = p.detach().clone()
            agree(p.detach(), f"{case}: {name} after step {step}")
    if rank == 0:
        sparsec_export._write_safetensors(os.path.join(folder, case + ".safetensors"), record, {})


def agree(value, what):
    """Fails unless all processes have the same bits."""
    both = [torch.empty_like(value) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(both, value)
    if not torch.equal(both[0], both[1]):
        raise AssertionError(f"processes differ: {what}")


def process(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method="file://" + os.path.join(folder, "rendezvous"), rank=rank, world_size=2)
    for case in sorted(CASES):
        train(case, rank, folder)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.multiprocessing.spawn(process, (sys.argv[1],), nprocs=2)
