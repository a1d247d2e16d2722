package sparse

import (
	"image/color"
	"math"
)

// lightness, green–red and blue–yellow of a colour in OKLab (B. Ottosson, "A
// perceptual color space for image processing", 2020): equal distances look
// equally far apart.
type oklab struct{ l, a, b float64 }

// heatColours rise evenly in lightness from near-black blue over violet and
// orange to pale yellow, so that the map reads the same in grey.
var heatColours = [...]oklab{
	{0.14, 0.00, -0.03},
	{0.34, 0.06, -0.11},
	{0.54, 0.15, -0.02},
	{0.75, 0.09, 0.12},
	{0.96, -0.02, 0.08},
}

// heatPalette is the scale of 256 colours through heatColours.
func heatPalette() color.Palette {
	palette := make(color.Palette, 256)
	for i := range palette {
		at := float64(i) / 255 * float64(len(heatColours)-1)
		low := min(int(at), len(heatColours)-2)
		palette[i] = between(heatColours[low], heatColours[low+1], at-float64(low)).rgb()
	}
	return palette
}

func between(p, q oklab, t float64) oklab {
	return oklab{p.l + t*(q.l-p.l), p.a + t*(q.a-p.a), p.b + t*(q.b-p.b)}
}

// rgb is the colour in sRGB, clipped to what it can show.
func (c oklab) rgb() color.RGBA {
	l := cube(c.l + 0.3963377774*c.a + 0.2158037573*c.b)
	m := cube(c.l - 0.1055613458*c.a - 0.0638541728*c.b)
	s := cube(c.l - 0.0894841775*c.a - 1.2914855480*c.b)
	return color.RGBA{
		R: gamma(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		G: gamma(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		B: gamma(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
		A: 255,
	}
}

func cube(x float64) float64 { return x * x * x }

// gamma encodes linear light in eight bits (IEC 61966-2-1).
func gamma(x float64) uint8 {
	if x <= 0.0031308 {
		x *= 12.92
	} else {
		x = 1.055*math.Pow(x, 1/2.4) - 0.055
	}
	return uint8(255*min(1, max(0, x)) + 0.5)
}
