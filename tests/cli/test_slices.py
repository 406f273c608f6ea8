def test_a_result_is_sliced_by_what_was_asked_for_or_by_everything(nver, plan, tmp_path):
    nver("run", plan, "--out", tmp_path / "runs", "--workers", 1)
    (found,) = nver("slices", tmp_path / "runs", "--json").json
    assert {"speaker", "duration", "intensity"} <= set(found["slices"])
    durations = found["slices"]["duration"]
    assert sum(one["n_clips"] for one in durations) == 66
    assert all(low <= value <= high for value, low, high in (one["accuracy"] for one in durations))

    shown = nver("slices", tmp_path / "runs", "--by", "duration").out
    assert "up to " in shown
    assert "speaker ┃" not in shown
    assert "bootstrap over speakers" in shown
    refused = nver("slices", tmp_path / "runs", "--by", "shoe-size")
    assert (refused.code, "cannot be sliced by 'shoe-size', but by speaker" in refused.err) == (1, True)
