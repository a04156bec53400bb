"""An engine's answers about triplets, scored as the paper's tables are, with intervals, floors and paired tests."""
