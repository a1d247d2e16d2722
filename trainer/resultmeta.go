package trainer

import "encoding/json"

// resultMeta is the metadata of the result: that of the corpus, the score, and
// the configuration without the place of the data.
func (t *Trainer) resultMeta() (map[string]string, error) {
	meta, err := t.corpus.Meta()
	if err != nil {
		return nil, err
	}
	cfg := t.cfg
	cfg.Data.Paths, cfg.Data.ValidPaths, cfg.Data.TestPaths, cfg.Data.GoRoot = nil, nil, nil, ""
	for key, value := range map[string]any{metaScore: t.at.Best, metaConfig: cfg} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		meta[key] = string(text)
	}
	return meta, nil
}
