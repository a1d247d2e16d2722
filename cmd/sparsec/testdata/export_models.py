"""Exports random models of every kind, with golden vectors, to the folder that the
argument names and sparsec_export.py lies in: NAME.safetensors and NAME.npz, NAME.pt
of what torch.save writes, and in refused.txt the error of what is not supported."""

import os
import sys

import torch
from torch import nn
from torch.nn.utils import prune

folder = sys.argv[1]
sys.path.insert(0, folder)
import sparsec_export  # noqa: E402

torch.manual_seed(7)
torch.set_num_threads(1)


def write(name, model, x, layout="TBC"):
    model.eval()
    path = os.path.join(folder, name)
    sparsec_export.export(model, x, path + ".safetensors", layout)
    sparsec_export.golden(model, x, path + ".npz", layout)


def spread(model):
    """Statistics and affine parameters that are not those of an untrained layer."""
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.LayerNorm)) and m.weight is not None:
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.bias, -0.5, 0.5)
        if isinstance(m, nn.BatchNorm1d):
            nn.init.uniform_(m.running_mean, -1, 1)
            nn.init.uniform_(m.running_var, 0.3, 2)
    return model


for cell in (nn.RNN, nn.GRU, nn.LSTM):
    word = cell.__name__.lower()
    write(word, cell(5, 7), torch.randn(11, 1, 5))
    write(word + "_layers", cell(5, 7, num_layers=3, bias=False), torch.randn(11, 1, 5))
    write(word + "_both", cell(5, 6, num_layers=2, bidirectional=True, batch_first=True), torch.randn(1, 9, 5), "BTC")
write("rnn_relu", nn.RNN(4, 6, nonlinearity="relu"), torch.randn(12, 1, 4))
write("lstm_projected", nn.LSTM(5, 8, num_layers=2, proj_size=3), torch.randn(11, 1, 5))
write("lstm_projected_both", nn.LSTM(5, 8, proj_size=3, bidirectional=True), torch.randn(11, 1, 5))
write("rnn_cell", nn.RNNCell(4, 6), torch.randn(9, 1, 4), "BC")
write("gru_cell", nn.GRUCell(4, 6, bias=False), torch.randn(9, 1, 4), "BC")
write("lstm_cell", nn.LSTMCell(4, 6), torch.randn(9, 1, 4), "BC")
write("lstm_f64", nn.LSTM(5, 7).double(), torch.randn(11, 1, 5).double())
write("lstm_f16", nn.LSTM(5, 7).half(), torch.randn(11, 1, 5))
write("gru_bf16", nn.GRU(5, 7).bfloat16(), torch.randn(11, 1, 5))


class Tagger(nn.Module):
    """An embedding, a normalised recurrence with a way around it, and classes."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 6)
        self.norm = nn.LayerNorm(6)
        self.rnn = nn.GRU(6, 6, num_layers=2, dropout=0.3)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(12, 9)

    def forward(self, x):
        e = self.norm(self.embed(x))
        h, _ = self.rnn(e)
        h = torch.relu(h + e * 0.5)
        return torch.log_softmax(self.out(torch.cat([self.drop(h), e], dim=-1)), dim=-1)


write("tagger", spread(Tagger()), torch.randint(0, 20, (13, 1)), "TB")


class Classifier(nn.Module):
    """The last frame of a batch-first LSTM."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 8, batch_first=True)
        self.head = nn.Sequential(nn.Linear(8, 7, bias=False), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 3), nn.Softmax(dim=-1))

    def forward(self, x):
        h, (hn, cn) = self.lstm(x)
        return self.head(h[:, -1])


write("classifier", spread(Classifier()), torch.randn(1, 10, 5), "BTC")


class Convolutions(nn.Module):
    """Convolutions over time, with zeros on both sides, around a GRU."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 6, 3, padding=1)
        self.norm = nn.BatchNorm1d(6)
        self.depth = nn.Conv1d(6, 6, 5, padding="same", dilation=2, groups=6, bias=False)
        self.gru = nn.GRU(6, 5, batch_first=True)

    def forward(self, x):
        x = torch.tanh(self.norm(self.conv(x)))
        x = (self.depth(x) + x).transpose(1, 2)
        y, _ = self.gru(x)
        return y


write("convolutions", spread(Convolutions()), torch.randn(1, 4, 12), "BCT")


class Frames(nn.Module):
    """A frame of samples a call: convolutions within it, pooled, and an LSTM cell."""

    def __init__(self):
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv1d(1, 4, 8, stride=4, padding=2, padding_mode="reflect"), nn.ELU(), nn.BatchNorm1d(4), nn.MaxPool1d(2),
            nn.Conv1d(4, 6, 3, padding=1, groups=2), nn.Hardtanh(), nn.AvgPool1d(3, 2), nn.LayerNorm(3), nn.GELU(), nn.Flatten())
        self.cell = nn.LSTMCell(18, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, x, h, c):
        h, c = self.cell(self.front(x), (h, c))
        return torch.sigmoid(self.out(torch.relu(h))), h, c


frames = spread(Frames())
x = torch.randn(10, 1, 1, 64)
sparsec_export.export(frames.eval(), x, os.path.join(folder, "frames.safetensors"), "BCL")
sparsec_export.golden(frames, x, os.path.join(folder, "frames.npz"), "BCL", states=(torch.zeros(1, 8), torch.zeros(1, 8)))

pruned = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4), nn.LeakyReLU(0.2), nn.Linear(4, 4), nn.SiLU(), nn.Softplus(), nn.ReLU6())
prune.l1_unstructured(pruned[0], "weight", 0.7)
prune.random_unstructured(pruned[2], "bias", 0.5)
write("pruned", pruned, torch.randn(6, 1, 6))


def save(name, model, state, **options):
    torch.save(state, os.path.join(folder, name + ".pt"), **options)
    sparsec_export.golden(model, torch.randn(8, 1, 5), os.path.join(folder, name + ".npz"))


lstm, gru = nn.LSTM(5, 7, num_layers=2, bidirectional=True), nn.GRU(5, 7)
save("plain", lstm, lstm.state_dict())
save("legacy", gru, {"epoch": 3, "state_dict": gru.state_dict()}, _use_new_zipfile_serialization=False)
torch.save(gru, os.path.join(folder, "module.pt"))
torch.save(gru, os.path.join(folder, "module_legacy.pt"), _use_new_zipfile_serialization=False)


class Refused(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 1, 3), nn.Linear(4, 4)

    def forward(self, x):
        return torch.roll(self.b(x), 1) + self.b(x).flip(0) + self.a(x)


try:
    sparsec_export.export(Refused(), torch.zeros(5, 1, 4), os.path.join(folder, "none.safetensors"))
except NotImplementedError as fault:
    with open(os.path.join(folder, "refused.txt"), "w") as f:
        f.write(str(fault))
