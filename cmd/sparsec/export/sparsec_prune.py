"""Prunes PyTorch models while they train, as sparsec train does.

    import torch, sparsec_prune

    model = DistributedDataParallel(net)          # or the bare module
    pruner = sparsec_prune.Pruner(
        net, sparsec_prune.Cubic(begin=1000, end=10000, freq=100), density=0.1, pattern="lane8x8")
    for x, y in data:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
        pruner.after_step()                       # after every update

The recurrent and linear matrices of the module become sparse: pruned weights are
exact zeros after every step, so that the weights, written by sparsec_export or as a
state dict, are what sparsec compiles. Masks are made from the values that an update
left before they are masked: a pruned weight whose update is large enough takes part
again. With torch.distributed the masks of rank 0 are those of all.

Schedules are Cubic, Ramp, OneShot, RigL and Frozen; patterns element, blockRxC,
laneRxC and slideRxC. For the same weights the masks are those of sparsec, bit by bit.

Rules override the density and pattern of tensors and gates, the last match decides:

    rules=["*.weight_hh_*[z]=0.2", "*.weight_ih_l0=lane8x8:0.3", "out.weight=dense"]

Apache-2.0. It needs torch and numpy alone.
"""

import dataclasses
import fnmatch
import math
import re

import numpy
import torch
import torch.distributed
from torch import nn

GATES = {"GRU": "rzn", "GRUCell": "rzn", "LSTM": "ifgo", "LSTMCell": "ifgo"}


@dataclasses.dataclass(frozen=True)
class Cubic:
    """To a density on a cubic curve (Zhu and Gupta 2017). Steps count from 1."""

    begin: int
    end: int
    freq: int
    wants_density = True

    def due(self, step):
        return step == self.end or self.begin <= step < self.end and (step - self.begin) % self.freq == 0

    def level(self, step, density):
        if step <= self.begin:
            return 1.0
        if step >= self.end:
            return density
        left = (self.end - step) / (self.end - self.begin)
        return density + (1 - density) * left * left * left


@dataclasses.dataclass(frozen=True)
class OneShot:
    """To a density at once, which is hard pruning."""

    at: int
    wants_density = True

    def due(self, step):
        return step == self.at

    def level(self, step, density):
        return 1.0 if step < self.at else density


@dataclasses.dataclass(frozen=True)
class Ramp:
    """The threshold of Narang et al. 2017, which rises along two slopes."""

    start: int
    bend: int
    end: int
    freq: int
    theta: float
    phi: float
    wants_density = False

    def due(self, step):
        return self.start < step < self.end and step % self.freq == 0

    def level(self, step, density):
        if step < self.bend:
            return self.theta * (step - self.start + 1) / self.freq
        return (self.theta * (self.bend - self.start + 1) + self.phi * (step - self.bend + 1)) / self.freq


def ramp(steps_per_epoch, epochs, q, freq=100):
    """The ramp that the paper's heuristics give; q is the 90th percentile of the
    magnitudes in an already trained layer of the kind (see quantile)."""
    total = steps_per_epoch * epochs
    start, bend, end = (steps_per_epoch if epochs > 4 else total // 20), total // 4, total // 2
    theta = 2 * q * freq / (2 * (bend - start) + 3 * (end - bend))
    return Ramp(start, bend, end, freq, theta, 1.5 * theta)


def quantile(weights, share=0.9):
    """The least magnitude that a share of the weights does not exceed."""
    magnitudes = numpy.sort(numpy.abs(_array(weights)).ravel())
    return float(magnitudes[min(max(math.ceil(share * magnitudes.size) - 1, 0), magnitudes.size - 1)])


@dataclasses.dataclass(frozen=True)
class RigL:
    """One density from begin on; the smallest weights are exchanged for those of the
    largest gradients (Evci et al. 2020). Call after_step before gradients are zeroed."""

    begin: int
    end: int
    freq: int
    renew: float = 0.3
    wants_density = True

    def due(self, step):
        return self.begin <= step <= self.end and (step - self.begin) % self.freq == 0

    def level(self, step, density):
        return 1.0 if step < self.begin else density

    def share(self, step):
        return self.renew / 2 * (1 + math.cos(math.pi * (step - self.begin) / (self.end - self.begin)))


@dataclasses.dataclass(frozen=True)
class Frozen:
    """The zeros that are there when the Pruner is made stay."""

    wants_density = False

    def due(self, step):
        return False


class Pruner:
    """Holds the masks of a module, see the head of this file.

    A density is the share of weights to keep, for schedules that want one. With
    diagonal the weights of units to themselves are kept, in recurrent matrices.
    """

    def __init__(self, module, schedule, density=0.0, pattern="element", rules=(), diagonal=False):
        self.schedule, self.step, self._tensors = schedule, 0, []
        rules, used = [_Rule(text) for text in rules], set()
        for name, parameter, gates, recurrent in _prunable(module):
            parts = _parts(name, parameter, gates, rules, used, density, pattern)
            for part in parts:
                part.diagonal = diagonal and recurrent and all(b - a == parameter.shape[1] for a, b in part.spans)
                if schedule.wants_density and not 0 < part.density <= 1:
                    raise ValueError(f"{name}: density {part.density}, want above 0 and up to 1")
            if parts:
                mask = _array(parameter) != 0 if isinstance(schedule, Frozen) else numpy.ones(parameter.shape, bool)
                self._tensors.append(_Tensor(name, parameter, parts, mask))
        unused = [r.text for r in rules if r not in used]
        if unused:
            raise ValueError(f"rules {unused} match none of {[t[0] for t in _prunable(module)]}")

    def after_step(self):
        """Makes the masks that are due, and sets pruned weights to zero."""
        self.step += 1
        with torch.no_grad():
            for t in self._tensors:
                if self.schedule.due(self.step):
                    t.recompute(self.schedule, self.step)
                t.apply()

    def shrink(self, by):
        """The step of a block group lasso, between optimizer.step and after_step: the
        root mean square of every block falls by the learning rate times a strength."""
        with torch.no_grad():
            for t in self._tensors:
                factors = numpy.ones(t.mask.shape, numpy.float32)
                for part in t.parts:
                    if part.pattern.startswith("block"):
                        part.shrink(by, _array(t.parameter), factors)
                t.parameter.mul_(torch.from_numpy(factors).to(t.parameter.device))

    def masks(self):
        """The masks by name, as boolean arrays."""
        return {t.name: t.mask.copy() for t in self._tensors}

    def density(self):
        """The share of weights that is kept, of all pruned tensors together."""
        return sum(int(t.mask.sum()) for t in self._tensors) / max(sum(t.mask.size for t in self._tensors), 1)

    def state_dict(self):
        """What a checkpoint needs beside the model's and the optimiser's."""
        return {"step": self.step, "masks": {t.name: torch.from_numpy(t.mask.copy()) for t in self._tensors}}

    def load_state_dict(self, state):
        if set(state["masks"]) != {t.name for t in self._tensors}:
            raise ValueError(f"masks of {sorted(state['masks'])}, want {[t.name for t in self._tensors]}")
        self.step = state["step"]
        for t in self._tensors:
            t.set_mask(state["masks"][t.name].cpu().numpy().astype(bool))


class _Tensor:
    """A pruned parameter with its mask, here as an array and beside its values."""

    def __init__(self, name, parameter, parts, mask):
        self.name, self.parameter, self.parts = name, parameter, parts
        self.set_mask(mask)

    def set_mask(self, mask):
        self.mask = mask
        self._keep = torch.from_numpy(mask).to(self.parameter.device)

    def apply(self):
        # Assigned, not multiplied: a pruned infinity becomes zero too, and none is −0.
        self.parameter.masked_fill_(~self._keep.to(self.parameter.device), 0)

    def recompute(self, schedule, step):
        mask = self.mask.copy()
        if _rank() == 0:
            for part in self.parts:
                rows = part.rows(mask.shape[0])
                mask[rows] = part.choose(schedule, step, self)[rows]
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            shared = torch.from_numpy(mask.astype(numpy.uint8)).to(self.parameter.device)
            torch.distributed.broadcast(shared, 0)
            mask = shared.cpu().numpy().astype(bool)
        if isinstance(schedule, RigL) and step > schedule.begin:
            self.apply()  # what an update did outside the mask before does not count
        self.set_mask(mask)


class _Part:
    """The gates of a tensor that share a budget."""

    def __init__(self, density, pattern, spans):
        self.density, self.pattern, self.spans, self.diagonal = density, pattern, spans, False

    def rows(self, count):
        rows = numpy.zeros(count, bool)
        for a, b in self.spans:
            rows[a:b] = True
        return rows

    def choose(self, schedule, step, tensor):
        values = _array(tensor.parameter)
        level = schedule.level(step, self.density)
        if not schedule.wants_density:
            return self.units(values).above(level)
        if not (isinstance(schedule, RigL) and step > schedule.begin):
            return self.units(values).best(level)
        values = numpy.where(tensor.mask, values, 0)
        stay = self.units(values).best(level * (1 - schedule.share(step))) & tensor.mask
        return self.units(numpy.where(stay, numpy.float32(numpy.inf), _array(tensor.parameter.grad))).best(level)

    def shrink(self, by, values, factors):
        units = _Units(numpy.abs(values), self.pattern, self.spans)
        with numpy.errstate(divide="ignore"):
            each = numpy.maximum(0, 1 - by / units.root_mean).astype(numpy.float32)
        rows = self.rows(len(values))
        factors[rows] = each[units.unit[rows]]

    def units(self, scores):
        if self.diagonal:
            scores = scores.copy()
            for a, b in self.spans:
                scores[range(a, b), range(b - a)] = numpy.inf
        return _Units(numpy.abs(scores).astype(numpy.float32), self.pattern, self.spans)


class _Units:
    """The units of a matrix under a pattern, scored as sparsec does.

    In the order of their positions: worth (the root mean square), magnitude (what a
    threshold is compared with), size, and for every weight the number of its unit,
    −1 outside the spans.
    """

    def __init__(self, magnitudes, pattern, spans):
        self.unit = numpy.full(magnitudes.shape, -1, numpy.int64)
        self.pattern, worths, largest, sizes, first = pattern, [], [], [], 0
        kind, r, c = _sides(pattern)
        for a, b in spans:
            unit, worth, most, size = _SCORES[kind](magnitudes[a:b], r, c)
            self.unit[a:b] = unit + first
            first += len(worth)
            worths.append(worth)
            largest.append(most)
            sizes.append(size)
        self.root_mean, self.magnitude, self.size = (numpy.concatenate(x) for x in (worths, largest, sizes))
        self.worth = self.root_mean.astype(numpy.float32)

    def above(self, threshold):
        limits = {n: threshold * (n ** 0.25 if self.pattern.startswith("block") else 1) for n in set(self.size.tolist())}
        limit = numpy.array([limits[n] for n in self.size.tolist()])
        return self._mask(~(self.magnitude.astype(numpy.float64) < limit))

    def best(self, density):
        exact = density * int(self.size.sum())
        left = math.floor(exact) + (exact - math.floor(exact) >= 0.5)
        worths, which = numpy.unique(self.worth, return_inverse=True)
        totals = numpy.bincount(which, weights=self.size)
        for i in range(len(worths) - 1, -1, -1):
            if totals[i] > left:
                tied = self.worth == worths[i]
                fits = numpy.cumsum(numpy.where(tied, self.size, 0)) <= left
                return self._mask((self.worth > worths[i]) | tied & fits)
            left -= totals[i]
        return self._mask(numpy.ones(len(self.worth), bool))

    def _mask(self, kept):
        return numpy.append(kept, False)[self.unit]


def _elements(rows, _r, _c):
    """Each weight is a unit."""
    flat = rows.ravel()
    return numpy.arange(flat.size).reshape(rows.shape), flat, flat, numpy.ones(flat.size, numpy.int64)


def _blocks(rows, r, c):
    """Each cell is a unit. Squares are added row by row."""
    cells, height, width = _cells(rows, r, c, 0)
    energy = numpy.zeros(cells.shape[:2])
    for i in range(cells.shape[2]):
        for j in range(cells.shape[3]):
            energy += cells[:, :, i, j].astype(numpy.float64) ** 2
    size = numpy.outer(height, width)
    number = numpy.arange(size.size).reshape(size.shape)
    unit = numpy.broadcast_to(number[:, :, None, None], cells.shape)
    worth = numpy.sqrt(energy / size)
    return _rows(unit, rows.shape), worth.ravel(), cells.max(axis=(2, 3)).ravel(), size.ravel()


def _lanes(rows, r, c):
    """Step k of a cell, the k-th largest weight of each row, is a unit."""
    cells, height, width = _cells(rows, r, c, -1)  # behind all weights
    order = numpy.argsort(-cells, axis=3, kind="stable")
    falling = numpy.maximum(numpy.take_along_axis(cells, order, axis=3), 0)
    energy = numpy.zeros((cells.shape[0], cells.shape[1], cells.shape[3]))
    for i in range(cells.shape[2]):
        energy += falling[:, :, i].astype(numpy.float64) ** 2
    there = numpy.broadcast_to(numpy.arange(cells.shape[3]) < width[None, :, None], energy.shape)
    number = (numpy.cumsum(there) - 1).reshape(energy.shape)
    unit = numpy.empty(cells.shape, numpy.int64)
    numpy.put_along_axis(unit, order, numpy.broadcast_to(number[:, :, None], cells.shape), axis=3)
    worth = numpy.sqrt(energy / height[:, None, None]).astype(numpy.float32)[there]
    return _rows(unit, rows.shape), worth, worth, numpy.broadcast_to(height[:, None, None], energy.shape)[there]


def _slides(rows, r, c):
    """A window of c columns at any place, with a weight of each row of a group, is a
    unit: the most energetic one first, then that of the weights that are left."""
    width, whole = min(c, rows.shape[1]), len(rows) // r * r
    unit, worths, sizes, first = numpy.empty(rows.shape, numpy.int64), [], [], 0
    for a, b, height in ((0, whole, r), (whole, len(rows), len(rows) - whole)):
        if a == b:
            continue
        number, worth, size = _windows(rows[a:b].reshape(-1, height, rows.shape[1]), width)
        unit[a:b] = number.reshape(b - a, -1) + first
        first += len(worth)
        worths.append(worth)
        sizes.append(size)
    worth = numpy.concatenate(worths)
    return unit, worth, worth, numpy.concatenate(sizes)


def _windows(groups, width):
    """The units of groups of rows, [group, row, column], of which each gives a window
    after the other, all groups side by side. What no window reaches in every row at the
    end is a unit of worth 0."""
    left = groups.astype(numpy.float64) ** 2  # of the weights; −1 where a window took one
    left[numpy.isnan(left)] = numpy.inf
    height, last = left.shape[1], left.shape[2] - width
    row, within, near = numpy.arange(height)[:, None], numpy.arange(width), numpy.arange(1 - width, width)
    step, energies = numpy.full(left.shape, -1, numpy.int64), []
    energy = _energy(numpy.lib.stride_tricks.sliding_window_view(left, width, axis=2).max(axis=3))
    while energy.max() >= 0:
        energies.append(energy.max(axis=1))
        some = numpy.flatnonzero(energies[-1] >= 0)
        g, base = some[:, None], energy[some].argmax(axis=1)[:, None]
        best = base + left[g[:, :, None], row, (base + within)[:, None]].argmax(axis=2)
        left[g, row.T, best], step[g, row.T, best] = -1, len(energies) - 1
        base = numpy.clip(base + near, 0, last)  # windows that may have lost a weight
        energy[g, base] = _energy(left[g[:, :, None, None], row[:, None], (base[:, :, None] + within)[:, None]].max(axis=3))
    return _numbered(step, numpy.array(energies).T, height)


def _energy(largest):
    """The energies of windows, of the largest weight of each row: [group, row, window].
    It is −1 where a row has none left. Squares are added row by row."""
    energy = numpy.zeros((largest.shape[0], largest.shape[2]))
    for i in range(largest.shape[1]):
        energy += largest[:, i]
    energy[(largest < 0).any(axis=1)] = -1
    return energy


def _numbered(step, energies, height):
    """The units of groups one behind the other: those of a group's steps, then the rest."""
    unit, worths, sizes, first = numpy.empty_like(step), [], [], 0
    for g, of_steps in enumerate(energies):
        of_steps = of_steps[of_steps >= 0]
        rest = step[g] < 0
        unit[g] = first + numpy.where(rest, len(of_steps), step[g])
        last = [rest.sum()] if rest.any() else []
        worths.append(numpy.append(numpy.sqrt(of_steps / height), numpy.zeros(len(last))))
        sizes.append(numpy.append(numpy.full(len(of_steps), height), numpy.array(last, numpy.int64)))
        first += len(sizes[-1])
    return unit, numpy.concatenate(worths).astype(numpy.float32), numpy.concatenate(sizes)


_SCORES = {"element": _elements, "block": _blocks, "lane": _lanes, "slide": _slides}


def _cells(rows, r, c, fill):
    """The cells of rows, [group, chunk, row, column], and the heights and widths of
    groups and chunks. What a ragged edge lacks is filled; rows with 0."""
    groups, chunks = -(-rows.shape[0] // r), -(-rows.shape[1] // c)
    whole = numpy.zeros((groups * r, chunks * c), numpy.float32)
    whole[:, rows.shape[1]:] = fill
    whole[:rows.shape[0], :rows.shape[1]] = rows
    height = numpy.minimum(r, rows.shape[0] - r * numpy.arange(groups))
    width = numpy.minimum(c, rows.shape[1] - c * numpy.arange(chunks))
    return whole.reshape(groups, r, chunks, c).transpose(0, 2, 1, 3), height, width


def _rows(cells, shape):
    """What _cells took apart."""
    groups, chunks, r, c = cells.shape
    return cells.transpose(0, 2, 1, 3).reshape(groups * r, chunks * c)[:shape[0], :shape[1]]


def _sides(pattern):
    """The kind and sides of a pattern: ("lane", 8, 8)."""
    if pattern == "element":
        return "element", 0, 0
    found = re.fullmatch(r"(block|lane|slide)([1-9]\d*)x([1-9]\d*)", pattern)
    if not found:
        raise ValueError(f"pattern {pattern!r}: want element, dense, blockRxC, laneRxC or slideRxC")
    return found[1], int(found[2]), int(found[3])


class _Rule:
    """NAME=VALUE or NAME[GATE]=VALUE; a value is a density, a pattern, or both."""

    def __init__(self, text):
        self.text, self.pattern, self.density = text, None, None
        found = re.fullmatch(r"([^=\[]+)(?:\[([^\]]+)\])?=(.+)", text)
        if not found:
            raise ValueError(f"rule {text!r}: want NAME=VALUE or NAME[GATE]=VALUE")
        self.name, self.gate, value = found.groups()
        for part in value.split(":"):
            try:
                self.density = float(part)
            except ValueError:
                self.pattern = part
                if part != "dense":
                    _sides(part)

    def applies(self, name, gate):
        return fnmatch.fnmatchcase(name, self.name) and (self.gate is None or gate and fnmatch.fnmatchcase(gate, self.gate))


def _parts(name, parameter, gates, rules, used, density, pattern):
    """The parts of a tensor that are pruned: gates that a rule names have a budget
    of their own, the others share one."""
    parts, shared = [], None
    height = parameter.shape[0] // max(len(gates), 1)
    for i, gate in enumerate(gates or [None]):
        d, p, own = density, pattern, False
        for rule in rules:
            if rule.applies(name, gate):
                used.add(rule)
                own = own or rule.gate is not None
                d = d if rule.density is None else rule.density
                p = p if rule.pattern is None else rule.pattern
        if p == "dense":
            continue
        _sides(p)
        span = (i * height, (i + 1) * height)
        if not own and shared is not None:
            shared.spans.append(span)
            continue
        parts.append(_Part(d, p, [span]))
        if not own:
            shared = parts[-1]
    return parts


def _prunable(module):
    """Name, parameter, gates and whether it is recurrent, of every matrix that the
    layers of a module multiply by."""
    found = []
    for prefix, part in module.named_modules():
        for name, parameter in part.named_parameters(recurse=False):
            recurrent = isinstance(part, (nn.RNNBase, nn.RNNCellBase)) and name.startswith(("weight_ih", "weight_hh"))
            if recurrent or isinstance(part, nn.Linear) and name == "weight":
                gates = list(GATES.get(part.mode if isinstance(part, nn.RNNBase) else type(part).__name__, ""))
                found.append((f"{prefix}.{name}" if prefix else name, parameter, gates, name.startswith("weight_hh")))
    return found


def _rank():
    ready = torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.get_rank() if ready else 0


def _array(tensor):
    return tensor.detach().float().cpu().numpy() if isinstance(tensor, torch.Tensor) else numpy.asarray(tensor, numpy.float32)
