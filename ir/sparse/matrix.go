package sparse

// Matrix is a row-major matrix whose exact zeros are the pruned weights.
type Matrix struct {
	Rows, Cols int
	Data       []float32 // len Rows·Cols
}

// NewMatrix returns a rows×cols matrix of zeros.
func NewMatrix(rows, cols int) *Matrix {
	return &Matrix{Rows: rows, Cols: cols, Data: make([]float32, rows*cols)}
}

// Row is row r; it shares the matrix's memory.
func (m *Matrix) Row(r int) []float32 { return m.Data[r*m.Cols : (r+1)*m.Cols] }

// NNZ counts the weights that are not exactly zero.
func (m *Matrix) NNZ() int {
	n := 0
	for _, w := range m.Data {
		if w != 0 {
			n++
		}
	}
	return n
}
