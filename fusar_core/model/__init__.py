"""FUSAR-GPT: Qwen2.5-VL whose visual tokens are modulated by spatio-temporal anchors. Needs the extra `model`."""
