"""Levels, integers and gaps: probabilities add up, and draws are as often as they are likely."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from sktsgen.nn import MixtureEmission, Slot
from tests.nn.networks import normal, seeded

STEP = 0.5
INTEGERS = torch.arange(-3, 4) * STEP
INTEGER = {"step": STEP, "lowest": -1.5, "highest": 1.5}
# Three levels; an integer with gaps after its group of two levels; another integer.
SLOTS = (
    Slot(0, 3, 3),
    Slot(4, 2, 2),
    Slot(3, gap=5, **INTEGER),
    Slot(6, **INTEGER),
)
# A flag; three levels that are there unless it is set.
FLAGGED = (Slot(3, 1, 1), Slot(0, 3, 3, gap=3))


def new_emission(slots=SLOTS, n_features=7):
    emission = MixtureEmission(
        n_features, 4, n_mixture=2, d_hidden=6, smallest_scale=0.02, slots=slots, generator=seeded()
    )
    emission.out.data *= 4.0
    emission.from_earlier.data *= 3.0
    for logits in emission.logits:
        logits.weight.data *= 6.0
    return emission.requires_grad_(False)


def setting(n_rows, n_features=7):
    guesses = tuple(0.5 * normal(n_features, seed=seed).expand(n_rows, -1) for seed in (1, 2))
    return guesses, normal(4, seed=3).expand(n_rows, -1)


def row(level, is_missing, first, second, former=0.0):
    return torch.tensor(
        [
            *(float(level == i) for i in range(3)),
            former if is_missing else first,
            float(not is_missing),
            float(is_missing),
            second,
        ]
    )


def all_rows(former):
    """Every row there can be: of a missing integer only the value that stands for it."""
    integers = INTEGERS.tolist()
    present = itertools.product(range(3), [False], integers, integers)
    missing = itertools.product(range(3), [True], [0.0], integers)
    return torch.stack([row(*cells, former=former) for cells in (*present, *missing)])


def test_probabilities_of_all_rows_add_up_to_one():
    emission = new_emission()
    guesses, _ = setting(1)
    rows = all_rows(guesses[1][0, 3].item())
    found = emission.log_density(rows, *setting(len(rows)))
    assert found.shape == (len(rows), 4)
    torch.testing.assert_close(found.sum(1).exp().sum(), torch.tensor(1.0), rtol=0, atol=1e-5)


def test_rows_are_drawn_as_often_as_they_are_likely():
    emission, n = new_emission(), 40_000
    guesses, context = setting(n)
    former = guesses[1][0, 3].item()
    rows = all_rows(former)
    drawn = emission.draw(guesses, context, torch.rand(n, 4, 2, generator=seeded(4)))
    distance = torch.cdist(drawn, rows)
    assert distance.amin(1).amax() < 1e-5  # nothing else is ever drawn
    share = torch.bincount(distance.argmin(1), minlength=len(rows)) / n
    likely = emission.log_density(rows, *setting(len(rows))).sum(1).exp()
    assert ((share - likely).abs() < 5 * (likely / n).sqrt() + 2e-4).all()
    of_levels = torch.stack([drawn[drawn[:, level] > 0, 6].mean() for level in range(3)])
    assert of_levels.max() - of_levels.min() > 0.1  # numbers do depend on levels


def test_levels_depend_on_the_numbers_before_them():
    slots = (Slot(0), Slot(1, 2, 2))
    emission = new_emission(slots, 3)
    values = torch.tensor([[-2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    found = emission.log_density(values, *setting(2, 3))[:, 1]
    assert (found[0] - found[1]).abs() > 0.05


def test_a_slot_depends_on_earlier_slots_only():
    emission = new_emission()
    base, guesses_and_context = row(0, False, 0.5, -0.5)[None], setting(1)
    others = [row(1, False, 0.5, -0.5), row(0, False, -1.0, -0.5), row(0, False, 0.5, 1.0)]
    first_changed = [0, 2, 3]
    for other, first in zip(others, first_changed, strict=True):
        found = [emission.log_density(x, *guesses_and_context) for x in (base, other[None])]
        change = (found[1] - found[0])[0].abs()
        assert (change[:first] == 0).all()
        assert (change[first:] > 1e-6).all()


def test_a_missing_number_has_no_density_and_is_the_former_value():
    emission, n = new_emission(), 500
    guesses, context = setting(n)
    drawn = emission.draw(guesses, context, torch.rand(n, 4, 2, generator=seeded(1)))
    is_missing = drawn[:, 5] > 0
    assert 10 < is_missing.sum() < n - 10
    assert (drawn[is_missing, 3] == guesses[1][0, 3]).all()
    found = emission.log_density(drawn, guesses, context)
    assert (found[is_missing, 2] == 0).all()
    assert (found[~is_missing, 2] < 0).all()


def test_levels_of_a_missing_cell_are_none():
    emission, n = new_emission(FLAGGED, 4), 40_000
    rows = torch.tensor([[0.0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    found = emission.log_density(rows, *setting(4, 4))
    torch.testing.assert_close(found.sum(1).exp().sum(), torch.tensor(1.0), rtol=0, atol=1e-5)
    assert found[0, 1] == 0
    drawn = emission.draw(*setting(n, 4), torch.rand(n, 2, 2, generator=seeded(6)))
    distance = torch.cdist(drawn, rows)
    assert distance.amin(1).amax() == 0
    share = torch.bincount(distance.argmin(1), minlength=4) / n
    assert ((share - found.sum(1).exp()).abs() < 5 * (share / n).sqrt()).all()


def test_a_flag_that_is_only_read_is_never_drawn():
    emission = new_emission((Slot(3, 1, 0), FLAGGED[1]), 4)
    assert emission.is_completing
    drawn = emission.draw(*setting(500, 4), torch.rand(500, 2, 2, generator=seeded(6)))
    assert (drawn[:, 3] == 0).all()
    assert (drawn[:, :3].sum(1) == 1).all()
    gap = torch.tensor([[0.0, 0, 0, 1]])
    assert (emission.log_density(gap, *setting(1, 4)) == 0).all()
    assert emission.share_present(gap).item() == 0


def test_levels_that_are_only_read_are_never_drawn_and_count_for_nothing():
    slots = (Slot(0, 3, 2), Slot(4, 2, 1), Slot(3, gap=5, **INTEGER), Slot(6, **INTEGER))
    emission, n = new_emission(slots), 2000
    drawn = emission.draw(*setting(n), torch.rand(n, 4, 2, generator=seeded(2)))
    assert (drawn[:, 2] == 0).all()
    assert (drawn[:, 4] == 1).all()
    gap = row(2, True, 0.0, 0.5)[None]
    found = emission.log_density(gap, *setting(1))[0]
    assert (found[:3] == 0).all()
    assert found[3] < 0
    torch.testing.assert_close(emission.share_present(gap), torch.tensor([1 / 3]))
    assert emission.is_completing
    assert not new_emission().is_completing


def test_density_times_step_is_the_probability_of_a_fine_integer():
    fine, step = {"lowest": -40.0, "highest": 40.0}, 0.0019
    values = step * torch.arange(-500, 501)[:, None]
    emissions = [new_emission((Slot(0, step=step, **fine),), 1) for _ in range(2)]
    assert emissions[0].coarse == []
    emissions[1].coarse = [0]
    emissions[1].integers = torch.tensor([[step, -40.0, 40.0]])
    by_density, by_mass = (e.log_density(values, *setting(1001, 1)) for e in emissions)
    torch.testing.assert_close(by_density, by_mass, rtol=0, atol=5e-3)


def test_training_reaches_every_weight():
    emission = new_emission().requires_grad_(True)
    guesses, context = setting(8)
    rows = all_rows(0.0)[::20][:8]
    context = context + 0.1 * normal(8, 4, seed=8)
    emission.log_density(rows, guesses, context).sum().backward()
    for name, parameter in emission.named_parameters():
        assert parameter.grad.abs().amax() > 0, name


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ((Slot(0), Slot(2)), r"slots have the features \[0, 2\], and there are 2"),
        ((Slot(0, gap=1), Slot(1, 2, 2)), r"slot 0 has gap=1, which no earlier slot has"),
    ],
)
def test_slots_that_do_not_fit_are_refused(slots, message):
    n_features = 3 if slots[0].gap > 0 else 2
    with pytest.raises(ValueError, match=message):
        new_emission(slots, n_features)


def test_levels_start_as_often_as_they_are_in_the_data():
    slots = (Slot(0, 3, 3), Slot(3, 1, 1), Slot(4, 4, 4, gap=3))
    first = torch.randint(3, (4000,), generator=seeded(1))
    is_missing = torch.rand(4000, generator=seeded(2)) < torch.tensor([0.0, 0.1, 0.6])[first]
    last = (first + 1) * ~is_missing  # a function of the first level; the fourth never comes
    values = torch.cat(
        [
            F.one_hot(first, 3).float(),
            is_missing[:, None].float(),
            F.one_hot(last, 4).float() * ~is_missing[:, None],
        ],
        dim=1,
    )
    emission = new_emission(slots, 8)
    emission.from_earlier.zero_()
    emission.from_context.bias.zero_()
    emission.start_levels(values)
    guesses, context = setting(4000, 8)
    drawn = emission.draw(guesses, 0.0 * context, torch.rand(4000, 3, 2, generator=seeded(3)))
    share = [rows[:, :3].T @ rows / 4000 for rows in (values, drawn)]
    torch.testing.assert_close(share[1], share[0], rtol=0, atol=0.03)
    found = emission.log_density(values, guesses, 0.0 * context).sum(1).mean()
    entropy = 3.0**-1 * sum(-p * math.log(p / 3) for p in (1.0, 0.1, 0.9, 0.6, 0.4))
    assert found == pytest.approx(-entropy, abs=0.03)


def test_levels_that_tell_nothing_of_each_other_start_alone():
    slots = (Slot(0, 2, 2), Slot(2, 2, 2))
    levels = torch.randint(2, (500, 2), generator=seeded(5))
    values = F.one_hot(levels, 2).float().flatten(1)
    emission = new_emission(slots, 4)
    emission.start_levels(values)
    assert (emission.between[0] == 0).all()
    torch.testing.assert_close(
        emission.logits[1].bias.softmax(0), values[:, 2:].mean(0), rtol=0, atol=2e-3
    )
