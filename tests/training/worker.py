"""One rank of the tests of several processes: ``worker.py rank n_ranks folder mode``."""

import sys
from pathlib import Path

import torch
import torch.distributed as dist

from tests.training.toys import Line, Pairs, new_line, new_recipe, train


class WholeLine(Line):
    """Wants all of every batch on every rank."""

    learns_from_whole_batch = True


def work(rank, folder, mode):
    network = new_line(noise=0.0, seed=rank if mode == "apart" else 0)
    if mode == "whole":
        network.__class__ = WholeLine
    data = Pairs()
    options = {
        "recipe": new_recipe(n_iter_no_change=2, batch_size=7 if mode == "uneven" else 8),
        "validation": Pairs(8, seed=1),
        "seed": rank if mode == "apart" else 0,
        "folder": folder / "checkpoints" if mode == "checkpoint" else None,
    }
    try:
        history = train(network, data, **options)
    except ValueError as error:
        return {"error": str(error)}
    asked = data.asked
    return {
        "weight": network.weight.detach(),
        "losses": history.losses,
        "validation_losses": history.validation_losses,
        "best_epoch": history.best_epoch,
        "n_steps": len(asked),
        # Rank r took items r, r + 2, ...; together they are the batches of one process.
        "asked": gathered(torch.cat(asked)) if asked else torch.empty(0),
    }


def gathered(part):
    parts = [torch.empty_like(part) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, part)
    return torch.stack(parts)


def main():
    rank, n_ranks, folder, mode = sys.argv[1:]
    torch.set_num_threads(1)
    path = Path(folder)
    meeting = path / f"meeting{len(list(path.glob('done*')))}"
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=int(rank), world_size=int(n_ranks)
    )
    torch.save(work(int(rank), path, mode), path / f"rank{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
