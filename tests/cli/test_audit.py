def test_an_audit_of_a_corpus_prints_a_line_a_finding_and_exits_with_1_for_a_leak(nver, corpus):
    clean = nver("audit", "vivae", "--root", corpus, "--workers", 1)
    assert clean.code == 0
    assert "66 clips, protocol speaker: " in clean.err
    assert all(line.startswith(("warning", "note")) for line in clean.out.splitlines())
    leaky = nver("audit", "vivae", "--root", corpus, "--workers", 1, "--protocol", "paper", "--json")
    assert leaky.code == 1
    (audit,) = leaky.json["audits"]
    assert (audit["protocol"], audit["findings"][0]["severity"]) == ("paper", "leak")
    assert len(audit["findings"][0]["clip_ids"]) == leaky.json["n_clips"] == 66
    assert leaky.json["n_leaks"] == 1


def test_a_run_says_what_it_found_in_one_line(nver, plan, tmp_path):
    ran = nver("run", plan, "--out", tmp_path / "runs", "--workers", 1)
    (line,) = [line for line in ran.err.splitlines() if line.startswith("audit, protocol speaker: ")]
    assert "length, level and silence alone reach " in line
    assert "Length, level and silence alone: " in ran.out  # beside chance, above the table


def test_a_plan_says_its_own_root_and_a_corpus_needs_one(nver, plan, tmp_path):
    refused = nver("audit", plan, "--root", tmp_path)
    assert (refused.code, "a plan says its own --root" in refused.err) == (2, True)
    refused = nver("audit", "vivae")
    assert (refused.code, "--root is missing" in refused.err) == (2, True)
    said = nver("audit", plan, "--workers", 1, "--json", "--most-ids", 2).json["audits"][0]
    assert said["protocol"] == "speaker"
    assert all(len(finding["clip_ids"]) <= 2 for finding in said["findings"])
