"""Levels between the visible ones of their column."""

import pickle

import pytest
import torch

from sktsgen.nn import LevelChains

WIDTH, LENGTH = 3, 9
STEP = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])


def learnt():
    """A chain that has counted steps in exactly these shares."""
    chains = LevelChains([2, WIDTH], LENGTH)
    before, after = [], []
    for i, row in enumerate((1000 * STEP).int().tolist()):
        for j, count in enumerate(row):
            before += [i] * count
            after += [j] * count
    eye = torch.eye(WIDTH)
    chains.learn(1, eye[before], eye[after])
    return chains


def windows(levels, visible):
    one_hot = torch.cat([torch.zeros(LENGTH, 2), torch.eye(WIDTH)[levels]], dim=1)
    shown = torch.zeros(1, LENGTH, 2, dtype=torch.bool)
    shown[0, visible, 1] = True
    return one_hot[None, None], shown


@pytest.mark.parametrize(("visible", "at"), [([2, 7], 4), ([2], 8), ([7], 0), ([0, 2, 7], 3)])
def test_hidden_levels_have_the_law_of_the_chain_between_visible_ones(visible, at):
    levels = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2])
    found = learnt()(*windows(levels, visible))[0, 0, at, 2:].exp()
    before = [s for s in visible if s < at]
    after = [s for s in visible if s > at]
    expected = torch.full((WIDTH,), 1.0 / WIDTH)
    if before:
        expected = torch.matrix_power(STEP, at - before[-1])[levels[before[-1]]]
    if after:
        expected = expected * torch.matrix_power(STEP, after[0] - at)[:, levels[after[0]]]
    torch.testing.assert_close(found, expected / expected.sum(), atol=2e-3, rtol=0)


def test_visible_levels_are_sure_and_without_any_each_is_as_probable_as_it_is_frequent():
    chains, levels = learnt(), torch.tensor([0, 1, 2] * 3)
    features, visible = windows(levels, range(LENGTH))
    found = chains(features, visible)[0, 0, :, 2:].exp()
    torch.testing.assert_close(found, torch.eye(WIDTH)[levels], atol=1e-5, rtol=0)
    found = chains(*windows(levels, []))[0, 0, :, 2:].exp()
    torch.testing.assert_close(found, torch.full((LENGTH, WIDTH), 1.0 / WIDTH))


def test_a_column_without_a_step_is_left_as_it_is_after_some_and_learns_again():
    chains = LevelChains([2], 4)
    eye = torch.eye(2)
    chains.learn(0, eye[:0], eye[:0])
    assert torch.isfinite(chains(torch.zeros(1, 1, 4, 2), torch.zeros(1, 4, 1).bool())).all()
    chains.learn(0, eye, eye[[1, 0]])
    shown = torch.tensor([[[True], [False], [False], [False]]])
    found = chains(eye[[0, 0, 0, 0]][None, None], shown)[0, 0].argmax(-1)
    assert found.tolist() == [0, 1, 0, 1]


def test_loaded_and_moved_chains_say_what_the_learnt_one_says():
    chains, given = learnt(), windows(torch.tensor([0, 1, 2] * 3), [2, 7])
    expected = chains(*given)
    other = LevelChains([2, WIDTH], LENGTH)
    other(*given)
    other.load_state_dict(chains.state_dict())
    assert torch.equal(other(*given), expected)
    assert torch.equal(pickle.loads(pickle.dumps(chains)).to("cpu")(*given), expected)


# A parent of two levels: with 0 a column stays, with 1 it goes on to the next level, mostly.
BESIDE = torch.stack([torch.eye(WIDTH), torch.eye(WIDTH).roll(1, 1)]) * 0.9 + 0.1 / WIDTH


def led():
    """A column with a parent, which has counted steps in exactly these shares."""
    chains = LevelChains([2, WIDTH], LENGTH, [[], [0]])
    triples = [
        (parent, i, j)
        for parent, table in enumerate((30 * BESIDE).round().int().tolist())
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        for _ in range(100 * count)
    ]
    parent, before, after = torch.tensor(triples).T
    eye = torch.eye(WIDTH)
    chains.learn(1, eye[before], eye[after], torch.eye(2)[parent])
    return chains


def test_the_level_of_a_parent_says_how_a_column_goes_on():
    """Against all paths between the visible levels, one by one."""
    parent = torch.tensor([0, 1, 0, 0, 1, 1, 0, 0, 1])
    levels = torch.tensor([0, 0, 0, 0, 0, 2, 0, 0, 0])
    features = torch.cat([torch.eye(2)[parent], torch.eye(WIDTH)[levels]], dim=1)[None, None]
    visible = torch.zeros(1, LENGTH, 2, dtype=torch.bool)
    visible[0, :, 0], visible[0, [2, 5], 1] = True, True
    found = led()(features, visible)[0, 0, :, 2:].exp()
    tables = BESIDE[parent]
    between = tables[3][0] * (tables[4] @ tables[5])[:, 2]
    torch.testing.assert_close(found[3], between / between.sum(), atol=2e-3, rtol=0)
    torch.testing.assert_close(found[7], (tables[6] @ tables[7])[2], atol=2e-3, rtol=0)
    before = (tables[1] @ tables[2])[:, 0]
    torch.testing.assert_close(found[0], before / before.sum(), atol=2e-3, rtol=0)
    torch.testing.assert_close(found[[2, 5]], torch.eye(WIDTH)[[0, 2]])


def test_without_its_parent_a_column_goes_on_as_it_does_on_the_average():
    chains = led()
    features, visible = windows(torch.zeros(LENGTH, dtype=torch.int64), [0])
    found = chains(features, visible)[0, 0, 1, 2:].exp()
    torch.testing.assert_close(found, BESIDE.mean(0)[0], atol=2e-3, rtol=0)


def test_what_was_never_seen_beside_a_parent_goes_on_as_without():
    chains = LevelChains([2, 2], 3, [[], [0]])
    eye = torch.eye(2)
    beside = eye[[0, 0]]  # never the other
    chains.learn(1, eye, eye[[1, 0]], beside)
    features = torch.cat([eye[[1, 1, 1]], eye[[0, 0, 0]]], dim=1)[None, None]
    visible = torch.tensor([[[True, True], [True, False], [True, False]]])
    assert chains(features, visible)[0, 0, :, 2:].argmax(-1).tolist() == [0, 1, 0]
