"""``nver gap``: one command from a plan to the leak gap."""

from __future__ import annotations


def test_a_plan_is_run_under_both_protocols_and_its_gap_is_shown(nver, plan, tmp_path):
    plan.write_text(plan.read_text().replace('head = "fcn"', 'head = { kind = "k-nn", n_neighbors = 1 }'))
    command = ("gap", plan, "--protocol", "paper", "--protocol", "speaker", "--seeds", 2, "--out", tmp_path)
    ran = nver(*command, "--json")
    assert ran.code == 0, ran.err
    figures = ran.json["figures"]
    assert {(f["protocol"], f["figure"], f["n_seeds"]) for f in figures} == {
        ("paper", "score", 2),
        ("speaker", "score", 2),
        ("speaker", "gap", 2),
    }
    assert len(list((tmp_path / "tiny").glob("*/result.json"))) == 4
    again = nver(*command)
    assert again.err.count("was there") == 4
    assert "paper is above speaker by" in " ".join(again.out.split())
    assert (tmp_path / "tiny" / "gap" / "figures" / "protocols-1-accuracy.png").is_file()


def test_a_protocol_that_there_is_not_is_a_bad_request(nver, plan):
    ran = nver("gap", plan, "--protocol", "speakers")
    assert ran.code == 2
    assert "error: --protocol: 'protocol' got 'speakers'" in ran.err


def test_a_gap_of_one_protocol_is_a_bad_request(nver, plan):
    ran = nver("gap", plan, "--protocol", "speaker")
    assert ran.code == 2
    assert "a gap is between 'paper' and a protocol that keeps speakers apart, got speaker" in ran.err
