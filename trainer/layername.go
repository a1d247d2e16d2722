package trainer

import "strings"

// layerName is the part of a parameter's name in front of its last point.
func layerName(param string) string {
	if i := strings.LastIndexByte(param, '.'); i >= 0 {
		return param[:i]
	}
	return param
}

// layerSuffix is the part behind it.
func layerSuffix(param string) string { return param[strings.LastIndexByte(param, '.')+1:] }
