"""Writes PyTorch models for sparsec, with golden vectors to verify them by.

    import torch, sparsec_export

    model = ...                                   # an nn.Module, trained
    x = torch.randn(50, 1, 40)                    # an example: 50 frames, batch of 1
    sparsec_export.export(model, x, "model.safetensors", layout="TBC")
    sparsec_export.golden(model, x, "golden.npz", layout="TBC")

and then

    sparsec verify model.safetensors -golden golden.npz
    sparsec compile model.safetensors -o ./model

The layout has a letter for each axis of x: T is time, B the batch, any other is an
axis of a frame, C (channels, features) and L (a length) as a rule. Without a T the
model takes one frame a call, as cells do: forward(x, *states) returns the output
and then the new states. Then x has the frames along an axis in front of these.

The graph is found by torch.fx: modules of torch.nn (see MODULES), sums, products,
concatenations and functions of their values, and the last frame of a sequence. What
sparsec has no module for is an error that lists all of it; for such models write
the description by hand, as its documentation says, and use save().

Apache-2.0. It needs torch and numpy alone.
"""

import copy
import json
import operator
import struct

import numpy
import torch
import torch.fx
import torch.nn.functional as F
from torch import nn


def export(model, x, path, layout="TBC", name=None):
    """Writes the tensors and the graph of a model to a safetensors file."""
    graph = describe(model, x, layout)
    if name:
        graph["name"] = name
    save(model, path, graph)


def save(model, path, graph):
    """Writes the tensors of the modules of a graph, which is a description of sparsec.

    Pairs of torch.nn.utils.prune are multiplied out.
    """
    tensors = _folded(model.state_dict())
    prefixes = [m["prefix"] for m in graph["module"] if "prefix" in m]
    used = {n: t for n, t in tensors.items() if n in prefixes or n.rpartition(".")[0] in prefixes}
    used = {n: t for n, t in used.items() if not n.endswith("num_batches_tracked")}
    _write_safetensors(path, used, {"sparsec.modules": json.dumps(graph)})


def golden(model, x, path, layout="TBC", states=()):
    """Writes x, the outputs and the states of a model to an .npz file.

    Of a model that takes a frame a call, states are those of the first call.
    The states of recurrent modules are there behind every frame, along an axis in
    front, or behind the last one where the model reads later frames. Weights of 16
    bits are computed with in 32.
    """
    graph = describe(model, x, layout)
    if next((p.dtype for p in model.parameters()), torch.float32) in (torch.float16, torch.bfloat16):
        model, x = copy.deepcopy(model).float(), (x.float() if x.is_floating_point() else x)
    training = model.training
    model.eval()
    seen = {}
    hooks = []
    for m in graph["module"]:
        if m["type"] in _LAYERS or m["type"] in _CELLS:
            part = model.get_submodule(m["prefix"]) if m["prefix"] else model
            hooks.append(part.register_forward_hook(_record(seen, m["name"])))
    with torch.no_grad():
        arrays = {graph["input"][0]["name"]: x}
        if "T" in layout:
            arrays.update(_named(graph, model(x)))
            for h in hooks:
                h.remove()
            arrays.update(_layer_states(graph, model, seen))
        else:
            arrays.update(_stepped(graph, model, x, states, seen))
            for h in hooks:
                h.remove()
    model.train(training)
    numpy.savez(path, **{n: numpy.ascontiguousarray(t.detach().cpu().numpy()) for n, t in arrays.items()})


def describe(model, x, layout="TBC"):
    """The description of a model, as a dict: what sparsec reads as JSON."""
    axes = layout if "T" in layout else "T" + layout
    if x.dim() != len(axes):
        raise ValueError(f"x of shape {tuple(x.shape)}, want an axis for each of {axes}")
    if "B" in axes and x.shape[axes.index("B")] != 1:
        raise ValueError(f"x of shape {tuple(x.shape)}, want a batch of 1")
    if type(model) in MODULES:
        traced = torch.fx.Graph()
        value = traced.create_node("call_module", "", (traced.placeholder("x"),), name="root")
        if type(model) in (nn.RNN, nn.GRU, nn.LSTM, nn.LSTMCell):
            value = traced.call_function(operator.getitem, (value, 0))
        traced.output(value)
        walk = _Walk({"": model}, layout, x)
    else:
        traced = _Tracer().trace(model)
        walk = _Walk(dict(model.named_modules()), layout, x)
    for node in traced.nodes:
        walk.node(node)
    if walk.faults:
        raise NotImplementedError("sparsec has no module for:\n  " + "\n  ".join(walk.faults))
    return walk.graph


class _Pair(torch.fx.Proxy):
    """A value that may be taken apart as the results of a recurrent module are."""

    def __iter__(self):
        return iter((self[0], self[1]))


class _Tracer(torch.fx.Tracer):
    def proxy(self, node):
        return _Pair(node, self)


class _Value:
    """What a node makes: the name of a module, and the axes of its tensor."""

    def __init__(self, name, axes, last=False):
        self.name, self.axes, self.last = name, axes, last

    def frame(self):
        return "".join(a for a in self.axes if a not in "TB")


class _States:
    """What a recurrent module makes beside its value, and what it begins with."""


class _Tuple:
    """The results of a recurrent module."""

    def __init__(self, value):
        self.value = value


class _Fault(Exception):
    pass


class _Walk:
    """Goes through the nodes of a traced model and writes the modules of a graph."""

    def __init__(self, modules, layout, x):
        self.modules, self.layout, self.x = modules, layout, x
        self.graph = {"input": [], "module": [], "output": []}
        self.values = {}
        self.names = set()
        self.faults = []

    def node(self, node):
        try:
            self.values[node] = getattr(self, node.op)(node)
        except _Fault as fault:
            self.faults.append(f"{node.format_node() or node.name}: {fault}")
            self.values[node] = None

    def fault(self, text):
        raise _Fault(text)

    def read(self, node):
        """The value that a node has made; of one that is faulty nothing is said again."""
        v = self.values.get(node) if isinstance(node, torch.fx.Node) else None
        if isinstance(v, _Tuple):
            self.fault("the results of a recurrent module together, want its first one alone")
        if not isinstance(v, _Value):
            self.fault(f"reads {node!r}, which is none of its values")
        return v

    def add(self, name, word, sources, axes, last=False, **options):
        """Adds a module to the graph."""
        free, n = name, 1
        while free in self.names:
            free, n = f"{name}_{n}", n + 1
        self.names.add(free)
        self.graph["module"].append({"type": word, "name": free, "from": [s.name for s in sources], **options})
        return _Value(free, axes, last)

    def placeholder(self, node):
        if self.graph["input"]:
            return _States()
        frame = [n for n, a in zip(self.x.shape, self._all_axes()) if a not in "TB"]
        edge = {"name": node.name, "layout": self._all_axes()}
        if self.x.is_floating_point():
            edge["shape"] = frame
        self.names.add(node.name)
        self.graph["input"].append(edge)
        return _Value(node.name, self.layout)

    def _all_axes(self):
        return self.layout if "T" in self.layout else "T" + self.layout

    def get_attr(self, node):
        self.fault("a tensor of the model itself")

    def output(self, node):
        results = node.args[0]
        if not isinstance(results, (tuple, list)):
            results = (results,)
        for i, result in enumerate(results):
            v = self.values.get(result)
            if i > 0 and (isinstance(v, _States) or self.is_state(v)):
                continue
            v = self.read(result)
            edge = {"name": "y" if i == 0 else f"y{i}", "from": v.name, "layout": v.axes}
            if v.last:
                edge["last"] = True
            elif "T" not in v.axes:
                edge["layout"] = "T" + v.axes
            self.graph["output"].append(edge)

    def is_state(self, v):
        """Whether a value is that of a cell, whose new state it is."""
        return isinstance(v, _Value) and any(m["name"] == v.name and m["type"] in _CELLS for m in self.graph["module"])

    def call_module(self, node):
        module = self.modules[node.target]
        write = MODULES.get(type(module))
        if write is None:
            self.fault(f"{type(module).__name__} is not supported")
        x = self.read(node.args[0])
        for state in node.args[1:]:
            if not self.states(state):
                self.fault("begins with what is no input of the model, want states that are zero or inputs")
        word, axes, options = write(self, module, x)
        if word in _LAYERS or word in _CELLS or next(module.parameters(), None) is not None or next(module.buffers(), None) is not None:
            options["prefix"] = node.target
        y = self.add(node.target or word.lower(), word, [x], axes, x.last, **options)
        return _Tuple(y) if word in _LAYERS or word == "LSTMCell" else y

    def states(self, state):
        if isinstance(state, (tuple, list)):
            return all(self.states(s) for s in state)
        return state is None or isinstance(self.values.get(state), _States)

    def call_function(self, node):
        if node.target is operator.getitem:
            return self.item(node)
        if node.target in ARITHMETIC:
            return self.arithmetic(node, ARITHMETIC[node.target])
        if node.target in (torch.cat, torch.concat):
            return self.concat(node)
        return self.function(node, FUNCTIONS.get(node.target))

    def call_method(self, node):
        if node.target in ("transpose", "permute", "mT"):
            return self.permute(node)
        if node.target in ("contiguous", "float", "clone", "detach"):
            return self.read(node.args[0])
        if node.target in ("add", "sub", "mul", "div"):
            return self.arithmetic(node, ARITHMETIC[getattr(torch, node.target)])
        return self.function(node, FUNCTIONS.get(getattr(torch, node.target, None)))

    def function(self, node, write):
        if write is None:
            self.fault("is not supported")
        x = self.read(node.args[0])
        word, options = write(self, x, *node.args[1:], **node.kwargs)
        return self.add(node.name, word, [x], x.axes, x.last, **options)

    def item(self, node):
        """The first result of a recurrent module, or the last frame of a value."""
        source, at = node.args
        v = self.values.get(source)
        if isinstance(v, _States):
            return v
        if isinstance(v, _Tuple):
            if at == 0:
                return v.value
            return _States()
        v = self.read(source)
        index = at if isinstance(at, tuple) else (at,)
        index = [slice(None) if i is Ellipsis else i for i in index]
        for axis, i in zip(v.axes, index):
            if i != slice(None) and not (axis == "T" and i == -1):
                self.fault(f"element {at}, want the last frame, -1 along the axis of time")
        kept = [i == slice(None) for i in index] + [True] * len(v.axes)
        axes = "".join(a for a, keep in zip(v.axes, kept) if keep)
        return _Value(v.name, axes, v.last or "T" not in axes)

    def permute(self, node):
        x = self.read(node.args[0])
        order = list(range(len(x.axes)))
        given = [a for arg in node.args[1:] for a in (arg if isinstance(arg, (tuple, list)) else [arg])]
        if node.target == "permute":
            order = [a % len(order) for a in given]
        else:
            a, b = (g % len(order) for g in (given or (-2, -1)))
            order[a], order[b] = order[b], order[a]
        axes = "".join(x.axes[a] for a in order)
        y = _Value(x.name, axes, x.last)
        if y.frame() == x.frame():
            return y  # time and batch are no axes of a frame
        if len(y.frame()) != 2:
            self.fault("exchanges more than two axes of a frame")
        return self.add(node.name, "Transpose", [x], axes, x.last)

    def concat(self, node):
        parts = [self.read(a) for a in node.args[0]]
        dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        axes = parts[0].axes
        if any(p.axes != axes for p in parts) or axes[dim] != parts[0].frame()[:1]:
            self.fault("joins along another axis than the first of a frame")
        return self.add(node.name, "Concat", parts, axes, parts[0].last)

    def arithmetic(self, node, word):
        a, b = node.args
        if isinstance(a, (int, float)):
            return self.affine(node, b, a, word, True)
        if isinstance(b, (int, float)):
            return self.affine(node, a, b, word, False)
        left, right = self.read(a), self.read(b)
        if left.axes != right.axes or left.last != right.last:
            self.fault(f"joins axes {left.axes} and {right.axes}, want the same")
        return self.add(node.name, word, [left, right], left.axes, left.last)

    def affine(self, node, value, number, word, first):
        x = self.read(value)
        if first and word == "Div":
            y = self.add(node.name, "Reciprocal", [x], x.axes, x.last)
            return self.add(node.name, "Affine", [y], x.axes, x.last, scale=number)
        scale, shift = {
            "Add": (1, number),
            "Sub": (-1, number) if first else (1, -number),
            "Mul": (number, 0),
            "Div": (1 / number, 0),
        }[word]
        return self.add(node.name, "Affine", [x], x.axes, x.last, scale=scale, shift=shift)


_LAYERS = ("RNN", "GRU", "LSTM")
_CELLS = ("RNNCell", "GRUCell", "LSTMCell")

ARITHMETIC = {
    operator.add: "Add", torch.add: "Add", operator.sub: "Sub", torch.sub: "Sub",
    operator.mul: "Mul", torch.mul: "Mul", operator.truediv: "Div", torch.div: "Div",
}


def _recurrent(walk, m, x):
    if x.axes != ("BTC" if m.batch_first else "TBC"):
        walk.fault(f"reads axes {x.axes}, want {'BTC' if m.batch_first else 'TBC'}")
    word = type(m).__name__
    options = {"num_layers": m.num_layers, "bidirectional": m.bidirectional, "bias": m.bias, "batch_first": m.batch_first}
    if word == "RNN":
        options["nonlinearity"] = m.nonlinearity
    if word == "LSTM" and m.proj_size:
        options["proj_size"] = m.proj_size
    return word, x.axes, options


def _cell(walk, m, x):
    if x.axes != "BC":
        walk.fault(f"reads axes {x.axes}, want BC, a frame a call")
    options = {"bias": m.bias}
    if isinstance(m, nn.RNNCell):
        options["nonlinearity"] = m.nonlinearity
    return type(m).__name__, x.axes, options


def _linear(walk, m, x):
    if x.axes[-1] in "TB":
        walk.fault(f"reads axes {x.axes}, want an axis of a frame at the end")
    return "Linear", x.axes, {"bias": m.bias is not None}


def _embedding(walk, m, x):
    if m.max_norm is not None:
        walk.fault("max_norm is not supported")
    return "Embedding", x.axes + "C", {}


def _layer_norm(walk, m, x):
    n = len(m.normalized_shape)
    if any(a in "TB" for a in x.axes[-n:]):
        walk.fault(f"normalises axes {x.axes[-n:]} of {x.axes}, want those of a frame")
    return "LayerNorm", x.axes, {
        "eps": m.eps, "elementwise_affine": m.elementwise_affine, "bias": m.bias is not None, "normalized_shape": list(m.normalized_shape)}


def _batch_norm(walk, m, x):
    if len(x.axes) < 2 or x.axes[1] != x.frame()[:1]:
        walk.fault(f"reads axes {x.axes}, want the channels in the second place")
    return "BatchNorm1d", x.axes, {"eps": m.eps, "affine": m.affine, "track_running_stats": m.track_running_stats}


def _conv(walk, m, x):
    if x.axes[:2] != "BC" or len(x.axes) != 3:
        walk.fault(f"reads axes {x.axes}, want BCT, to go over time, or BCL, to go along a frame")
    padding = m.padding if isinstance(m.padding, str) else m.padding[0]
    return "Conv1d", x.axes, {
        "stride": m.stride[0], "padding": padding, "dilation": m.dilation[0], "groups": m.groups,
        "padding_mode": m.padding_mode, "bias": m.bias is not None}


def _pool(walk, m, x):
    one = lambda v: v[0] if isinstance(v, tuple) else v
    if x.axes[-1] in "TB" or one(m.padding) or m.ceil_mode or one(getattr(m, "dilation", 1)) != 1:
        walk.fault("goes over time, or has padding, dilation or ceil_mode")
    return type(m).__name__, x.axes, {"kernel_size": one(m.kernel_size), "stride": one(m.stride)}


def _flatten(walk, m, x):
    start, end = m.start_dim % len(x.axes), m.end_dim % len(x.axes)
    if x.axes[start:end + 1] != x.frame():
        walk.fault(f"joins axes {x.axes[start:end + 1]}, want all of a frame")
    return "Flatten", x.axes[:start] + "C" + x.axes[end + 1:], {}


def _plain(*names):
    """A module without tensors, whose options are those attributes."""
    return lambda walk, m, x: (type(m).__name__, x.axes, {n: getattr(m, n) for n in names})


def _over_last(walk, m, x):
    return type(m).__name__, x.axes, _last_axis(walk, x, m.dim)


def _last_axis(walk, x, dim, **_):
    if dim is None or x.axes[dim] in "TB" or dim % len(x.axes) != len(x.axes) - 1:
        walk.fault("goes along another axis than the last of a frame")
    return {"dim": -1}


def _softplus(walk, m, x):
    if m.beta != 1:
        walk.fault("beta is not supported")
    return "Softplus", x.axes, {}


MODULES = {
    nn.RNN: _recurrent, nn.GRU: _recurrent, nn.LSTM: _recurrent,
    nn.RNNCell: _cell, nn.GRUCell: _cell, nn.LSTMCell: _cell,
    nn.Linear: _linear, nn.Embedding: _embedding, nn.LayerNorm: _layer_norm, nn.BatchNorm1d: _batch_norm, nn.Conv1d: _conv,
    nn.MaxPool1d: _pool, nn.AvgPool1d: _pool, nn.Flatten: _flatten,
    nn.Dropout: _plain(), nn.Identity: _plain(),
    nn.ReLU: _plain(), nn.ReLU6: _plain(), nn.Tanh: _plain(), nn.Sigmoid: _plain(), nn.Softsign: _plain(), nn.Hardsigmoid: _plain(),
    nn.SiLU: _plain(), nn.GELU: _plain("approximate"), nn.ELU: _plain("alpha"), nn.LeakyReLU: _plain("negative_slope"),
    nn.Hardtanh: _plain("min_val", "max_val"), nn.Softplus: _softplus, nn.Softmax: _over_last, nn.LogSoftmax: _over_last,
}


def _word(word, **renamed):
    """A function of one tensor, whose other arguments are options."""

    def write(walk, x, *args, **options):
        options = {n: v for n, v in options.items() if n not in ("inplace", "training", "p", "dtype", "_stacklevel")}
        if word != "Dropout" and len(args) > len(renamed):
            walk.fault("its arguments are not supported")
        options.update(zip(renamed, args))
        return word, {renamed.get(n) or n: v for n, v in options.items()}

    return write


def _along(word):
    return lambda walk, x, dim=None, **options: (word, _last_axis(walk, x, dim))


def _reduced(word):
    def write(walk, x, dim=None, keepdim=False):
        _last_axis(walk, x, dim)
        if not keepdim:
            walk.fault("want keepdim=True")
        return word, {"keepdim": True}

    return write


FUNCTIONS = {
    torch.relu: _word("ReLU"), F.relu: _word("ReLU"), torch.tanh: _word("Tanh"), torch.sigmoid: _word("Sigmoid"),
    F.tanh: _word("Tanh"), F.sigmoid: _word("Sigmoid"), F.dropout: _word("Dropout"), F.silu: _word("SiLU"), F.gelu: _word("GELU"),
    F.leaky_relu: _word("LeakyReLU", negative_slope="negative_slope"), F.elu: _word("ELU", alpha="alpha"),
    F.hardtanh: _word("Hardtanh", min_val="min_val", max_val="max_val"), F.softsign: _word("Softsign"), F.softplus: _word("Softplus"),
    torch.exp: _word("Exp"), torch.log: _word("Log"), torch.sqrt: _word("Sqrt"), torch.abs: _word("Abs"), torch.erf: _word("Erf"),
    torch.reciprocal: _word("Reciprocal"), torch.square: _word("Square"), torch.clamp: _word("Clamp", min="min", max="max"),
    torch.softmax: _along("Softmax"), F.softmax: _along("Softmax"), torch.log_softmax: _along("LogSoftmax"), F.log_softmax: _along("LogSoftmax"),
    torch.mean: _reduced("Mean"), torch.sum: _reduced("Sum"),
}


def _record(seen, name):
    """A hook that keeps what a recurrent module reads and makes, in each call."""

    def hook(module, args, result):
        seen.setdefault(name, []).append((args[0], result))

    return hook


def _named(graph, result):
    """The outputs of a call by their names."""
    results = result if isinstance(result, (tuple, list)) else (result,)
    if results and isinstance(results[0], (tuple, list)):
        results = results[0]
    return {e["name"]: r for e, r in zip(graph["output"], results)}


def _layer_states(graph, model, seen):
    """The states of layers, behind each frame if none reads later frames."""
    ahead = any(m.get("bidirectional") or m["type"] == "Conv1d" and m.get("padding", 0) != 0 for m in graph["module"])
    arrays = {}
    for m in graph["module"]:
        if m["type"] not in _LAYERS or m.get("bidirectional") and m.get("proj_size"):
            continue
        part = model.get_submodule(m["prefix"]) if m["prefix"] else model
        read, result = seen[m["name"]][0]
        steps, state = [], None
        frames = [read] if ahead else read.split(1, 1 if m["batch_first"] else 0)
        for frame in frames:
            _, state = part(frame, state)
            steps.append(state if isinstance(state, tuple) else (state,))
        for letter, each in zip("hc", zip(*steps)):
            arrays[f"{m['name']}.{letter}n"] = each[0] if ahead else torch.stack(each)
    return arrays


def _stepped(graph, model, x, states, seen):
    """The outputs and states of a model that takes a frame a call."""
    outputs = {}
    for frame in x:
        result = model(frame, *states)
        results = result if isinstance(result, (tuple, list)) else (result,)
        if isinstance(model, (nn.RNNCell, nn.GRUCell)):
            results = (result, result)
        if isinstance(model, nn.LSTMCell):
            results = (result[0], result)
        n = len(graph["output"])
        states = tuple(results[n:])
        for e, r in zip(graph["output"], results):
            outputs.setdefault(e["name"], []).append(r)
    for m in graph["module"]:
        if m["type"] in _CELLS:
            made = [r if isinstance(r, tuple) else (r,) for _, r in seen[m["name"]]]
            for letter, each in zip("hc", zip(*made)):
                outputs[f"{m['name']}.{letter}n"] = list(each)
    return {n: torch.stack(r) for n, r in outputs.items()}


def _folded(state):
    """A state dict with pairs of torch.nn.utils.prune multiplied out."""
    folded = {}
    for name, t in state.items():
        base, _, kind = name.rpartition("_")
        if kind == "orig" and base + "_mask" in state:
            folded[base] = t * state[base + "_mask"]
        elif not (kind == "mask" and base + "_orig" in state):
            folded[name] = t
    return folded


_DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16"}


def _write_safetensors(path, tensors, metadata):
    """Writes the format of github.com/huggingface/safetensors."""
    header, data, at = {"__metadata__": metadata}, [], 0
    for name, t in sorted(tensors.items()):
        t = t.detach().cpu().contiguous()
        if t.dtype not in _DTYPES:
            raise TypeError(f"{name}: elements of {t.dtype}, want one of {list(_DTYPES)}")
        raw = (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()
        header[name] = {"dtype": _DTYPES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))
