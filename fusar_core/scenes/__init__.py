"""SAR scenes: opened, read window by window, with their place, time and the meaning of their pixels."""
