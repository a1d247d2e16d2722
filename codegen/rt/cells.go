package rt

// This file holds the element-wise part of the recurrent cells in portable Go;
// the AVX2 kernels have the same names with the suffix AVX2.
//
// With hp the hidden size rounded up to a multiple of 16 = len(h), a
// pre-activation buffer holds one block of hp floats a gate, one after the
// other: px those of the input, with all biases that are added outside of any
// product; ph those of the recurrent product, unless it was added to px. States
// are updated in place and overlap nothing else. Padding lanes whose pre-activations and states are zero
// keep states of zero: σ(0) = ½ and tanh(0) = 0.

// gruCell is the step of a GRU whose reset gate acts after the recurrent
// product (the form of cuDNN and PyTorch). px and ph hold the blocks [r z n]; ph
// includes the recurrent bias of n.
//
//	r = σ(px.r + ph.r), z = σ(px.z + ph.z)
//	n = tanh(px.n + r·ph.n)
//	h = n + z·(h - n)
func gruCell(h, px, ph []float32) {
	hp := len(h)
	xr, xz, xn := px[:hp], px[hp:2*hp], px[2*hp:3*hp]
	hr, hz, hn := ph[:hp], ph[hp:2*hp], ph[2*hp:3*hp]
	for i, old := range h {
		r := sigmoid1(xr[i] + hr[i])
		z := sigmoid1(xz[i] + hz[i])
		n := tanh1(xn[i] + float32(r*hn[i]))
		h[i] = n + float32(z*(old-n))
	}
}

// gruReset is the first half of the step of a GRU whose reset gate acts before
// the recurrent product (the original form of Cho et al., 2014): it gives the
// vector that the recurrent product of n reads. px and ph hold at least the
// blocks [r z], of which it reads r; len(rh) = len(h).
//
//	rh = σ(px.r + ph.r)·h
func gruReset(rh, h, px, ph []float32) {
	hp := len(h)
	rh, px, ph = rh[:hp], px[:hp], ph[:hp]
	for i, v := range h {
		rh[i] = sigmoid1(px[i]+ph[i]) * v
	}
}

// gruUpdateTanh is the second half of the step that gruReset begins. px holds
// the blocks [r z n], ph at least [r z]; pn, of length hp, is the recurrent
// product of n.
//
//	z = σ(px.z + ph.z), n = tanh(px.n + pn)
//	h = n + z·(h - n)
func gruUpdateTanh(h, px, ph, pn []float32) {
	hp := len(h)
	xz, xn := px[hp:2*hp], px[2*hp:3*hp]
	hz, pn := ph[hp:2*hp], pn[:hp]
	for i, old := range h {
		z := sigmoid1(xz[i] + hz[i])
		n := tanh1(xn[i] + pn[i])
		h[i] = n + float32(z*(old-n))
	}
}

// gruUpdateReLU is gruUpdateTanh with n = max(px.n + pn, 0).
func gruUpdateReLU(h, px, ph, pn []float32) {
	hp := len(h)
	xz, xn := px[hp:2*hp], px[2*hp:3*hp]
	hz, pn := ph[hp:2*hp], pn[:hp]
	for i, old := range h {
		z := sigmoid1(xz[i] + hz[i])
		n := xn[i] + pn[i]
		if n < 0 {
			n = 0
		}
		h[i] = n + float32(z*(old-n))
	}
}

// lstmCell is the step of an LSTM without peepholes (Hochreiter and Schmidhuber,
// 1997, with the forget gate of Gers et al., 2000). px holds the blocks
// [i f g o], to which the recurrent product was added.
//
//	i, f, o = σ(px), g = tanh(px.g)
//	c = f·c + i·g
//	h = o·tanh(c)
func lstmCell(h, c, px []float32) {
	hp := len(h)
	c = c[:hp]
	xi, xf, xg, xo := px[:hp], px[hp:2*hp], px[2*hp:3*hp], px[3*hp:4*hp]
	for k := range h {
		i := sigmoid1(xi[k])
		f := sigmoid1(xf[k])
		g := tanh1(xg[k])
		o := sigmoid1(xo[k])
		next := float32(f*c[k]) + float32(i*g)
		c[k] = next
		h[k] = o * tanh1(next)
	}
}
