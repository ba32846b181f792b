"""The table of keys holds together: what the page obeys and what it shows."""

from __future__ import annotations

from workbench.panels.key_map import CHOSEN, COLUMNS, DIGITS, KEYS, WALK


def test_the_key_map_shows_every_group_once():
    assert sorted(group for column in COLUMNS for group in column) == sorted(KEYS)


def test_no_two_keys_have_one_name():
    always = [name for group, keys in KEYS.items() if group not in (WALK, CHOSEN) for key in keys for name in key.names]
    asked, chosen = ([name for key in KEYS[group] for name in key.names] for group in (WALK, CHOSEN))
    assert len(set(always)) == len(always)
    assert len(set(asked)) == len(asked)
    assert len(set(chosen)) == len(chosen)
    assert set(always) & set(asked) == set(DIGITS)
    assert set(always) & set(chosen) == set()
    assert set(asked) & set(chosen) == {"escape"}  # which first leaves what is asked
