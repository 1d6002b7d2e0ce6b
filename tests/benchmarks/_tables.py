"""What each table of the page shows: its words, its groups and its columns."""

from typing import NamedTuple


class Column(NamedTuple):
    """One measured quantity."""

    key: str
    header: str
    digits: int = 3
    half: str = ""  # key of half the width of the interval


class Overview(NamedTuple):
    """One column of a table over several of its groups: means over seeds, nothing else."""

    column: Column
    lines: tuple[str, ...]
    across: str


class Table(NamedTuple):
    """One table of the page; a group of rows that differ in `splits` is a table of its own.

    Attributes
    ----------
    n_shown : int
        Columns in sight; the others are folded away below, with seeds, dates and commits.
    overviews : tuple of Overview
        Stand in the place of the groups, which are then folded away whole.
    """

    name: str
    title: str
    text: str
    splits: tuple[str, ...]
    columns: tuple[Column, ...]
    labels: tuple[str, ...] = ("name",)
    n_shown: int = 6
    overviews: tuple[Overview, ...] = ()


QUALITY = Table(
    "quality",
    "Quality",
    "Rows of the data are cut in blocks of two windows; every fifth is held out (of a panel, every "
    "fifth series). Judges and distances compare generated windows with as many of all real ones; "
    "copying compares with the held-out part. *Floor* is other real windows in the place of "
    "generated ones, and its copying columns are half of the held-out stretches against the other "
    "half. *Block bootstrap* joins stretches of a quarter window from the training part. *Stage 1 "
    "reconstruction* is real windows after encoding, quantising and decoding: the ceiling. Copying "
    "share is 0.05 for new data and 1 for a copier. Lower is better everywhere but for score and "
    "median ratio (1 is fair). Judges are means of three first weights; beyond 24 steps many rows "
    "have one, as *judge seeds* says below each table: there .03 is no difference.",
    ("dataset", "window", "n_windows"),
    (
        Column("judge_small", "judge of the literature"),
        Column("judge_strong", "strong judge"),
        Column("context_fid", "Context-FID"),
        Column("ks", "KS"),
        Column("acf", "ACF"),
        Column("copying_share", "copying share", 2),
        Column("correlational", "correlational"),
        Column("dks", "KS of differences"),
        Column("copying_median_ratio", "median ratio", 2),
        Column("copying_longest_run", "longest run", 0),
        Column("n_judge_seeds", "judge seeds", 0),
    ),
)
LITERATURE = Table(
    "literature",
    "The literature's protocol",
    "Trained on every window and judged against every window, nothing held out; channels on [0, 1] "
    "of the whole series; as many generated windows as real ones (3,000 beyond 24 steps); mean and "
    "half the 95 % interval over five judges or encoders of one set of windows. *Published* is "
    "what the Diffusion-TS paper reports, not measured here: Context-FID depends on a random "
    "encoder and the judges on their first weights, so compare orders of magnitude. A copier would "
    "be perfect.",
    ("dataset", "window"),
    (
        Column("context_fid", "Context-FID", half="context_fid_half"),
        Column("correlational", "correlational", half="correlational_half"),
        Column("discriminative", "discriminative", half="discriminative_half"),
        Column("predictive", "predictive", half="predictive_half"),
        Column("n_windows", "windows", 0),
        Column("fit_wall_s", "fit, wall s", 0),
    ),
)
COST = Table(
    "quality",
    "Fit, sample and score",
    "Seconds of the generators above. Sampling is whole, decoding included, in CPU seconds on one "
    "thread, the median of five; the score is the mean log-density per time step, of "
    "LatentDiffusionGenerator, which has none, the negative CRPS of hidden cells. Diffusion-TS, "
    "measured when its windows were stored, took 2,868 s to train on two threads and 122 to 128 s "
    "for 1,000 windows.",
    ("dataset", "window"),
    (
        Column("fit_cpu_s", "fit, CPU s", 0),
        Column("sample_cpu_s", "sample, CPU s"),
        Column("n_timed", "windows sampled", 0),
        Column("score_train", "score, training", 2),
        Column("score_held_out", "score, held out", 2),
        Column("reconstruction_error", "reconstruction error", 4),
        Column("fit_wall_s", "fit, wall s", 0),
        Column("fit_threads", "fit threads", 0),
    ),
)
SPEED = Table(
    "speed",
    "Speed",
    "One thread, CPU seconds of whole samples, the median of five. *Limit, same shapes*: every "
    "matrix product inside the sample timed alone, the best of five rounds of the faster float32 "
    "route, summed. *Limit, peak*: all operations at the best rate any of these shapes reached.",
    ("dataset", "window"),
    (
        Column("n_samples", "series", 0),
        Column("cpu_s", "CPU s"),
        Column("us_per_token", "µs a step", 2),
        Column("ratio_same_shapes", "ratio to limit, same shapes", 2),
        Column("ratio_peak", "ratio to limit, peak", 2),
        Column("tokens_per_s", "steps/s", 0),
        Column("gflop", "GFLOP", 1),
        Column("fit_wall_s", "fit, wall s", 0),
        Column("fit_threads", "fit threads", 0),
        Column("fit_cpu_s_per_1000", "fit CPU s per 1,000 windows", 2),
    ),
    labels=("name", "length"),
)
LENGTH = Table(
    "length",
    "Beyond the training length",
    "The last steps of long series, as many as the training length, against real windows.",
    ("dataset", "window"),
    (
        Column("ks", "KS"),
        Column("dks", "KS of differences"),
        Column("acf", "ACF"),
        Column("spectrum", "spectrum"),
        Column("std_ratio", "ratio of standard deviations", 2),
    ),
    labels=("name", "length"),
)
STAGE1 = Table(
    "stage1",
    "Stage 1 against the rank",
    "Squared error of held-out windows after encoding, quantising and decoding, per cell in units "
    "of the variance of its channel; and of the linear part alone.",
    ("dataset", "window"),
    (
        Column("reconstruction_error", "reconstruction error", 4),
        Column("linear_part_error", "linear part alone", 4),
    ),
)
CODEBOOK = Table(
    "codebook",
    "Codebooks over training",
    "Share of the codes in use, entropy and perplexity of each codebook, one number a level.",
    ("dataset", "window"),
    (
        Column("usage", "usage", 2),
        Column("entropy_nats", "entropy, nats", 2),
        Column("perplexity", "perplexity", 0),
    ),
)
TRUTH = Table(
    "truth",
    "Score against the truth",
    "Mean log-density per step of new series, beside that of the process they were drawn from.",
    ("dataset", "window"),
    (
        Column("score", "score"),
        Column("process_on_same_series", "process, same series"),
        Column("negative_entropy_rate", "negative entropy rate"),
        Column("gap", "gap, nats a step"),
    ),
)
IMPUTATION = Table(
    "imputation",
    "Imputation",
    "Windows that do not overlap, in time order: ETTh1 48 hours, 14 months to learn from, 5 to "
    "choose by, the rest to fill; Italian air 12 hours, 60, 20 and 20 %; PhysioNet-2012 set A "
    "every second of its stays, 48 hours of 35 channels with four cells of five missing from the "
    "start, 64, 16 and 20 % of the stays; bikes (three discrete columns) and Beijing PM2.5 (one, "
    "and gaps of its own) 48 hours, 80 and 20 %; the baselines see one column a level. Cells are "
    "hidden in all parts after the split, the same cells for every method: *point* here and there, "
    "*subseq* one long stretch of a channel, *block* squares over steps and channels, each with "
    "the percentage hidden. Units are the standard deviations of the observed training cells; "
    "only hidden cells count. A method that takes no validation part learns from the first two. "
    "Draws are 20. Without draws CRPS is the absolute error, and the answer counts as a single "
    "draw in the log-loss of levels, which adds one to what was drawn, shared out over all levels. "
    "SAITS, BRITS and CSDI are those of PyPOTS, in sizes that end within about eight minutes on "
    "one core (`pypots_imputers.py`): SAITS in the base size of its paper, BRITS half as wide as "
    "its tuned size, CSDI with half the layers and channels of its own and 60 epochs. Most of "
    "their CPU seconds of seeds 1 and 2 are of a machine on which ours took twice as long as well.",
    ("dataset", "pattern"),
    (
        Column("mae", "MAE"),
        Column("rmse", "RMSE"),
        Column("crps", "CRPS"),
        Column("coverage_50", "coverage of 50 %", 2),
        Column("coverage_90", "coverage of 90 %", 2),
        Column("width_90", "width of 90 %", 2),
        Column("error_rate", "error rate"),
        Column("balanced_error", "balanced error"),
        Column("log_loss", "log-loss"),
        Column("changed", "observed cells changed", 0),
        Column("fit_cpu_s", "fit, CPU s", 1),
        Column("impute_cpu_s", "fill, CPU s", 2),
        Column("fit_ratio", "fit, times ours", 1),
        Column("impute_ratio", "fill, times ours", 1),
    ),
    overviews=tuple(
        Overview(column, ("name",), "pattern")
        for column in (
            Column("mae", "MAE"),
            Column("crps", "CRPS"),
            Column("coverage_50", "coverage of 50 %"),
            Column("coverage_90", "coverage of 90 %"),
        )
    ),
)
FORECASTING = Table(
    "forecasting",
    "Forecasting",
    "ETTh1, 19 months to learn from, the rest to forecast: a window's steps ahead from as many "
    "before them, origins as far apart; units are the standard deviations of the training rows. "
    "The rules' draws are their forecast and whole errors of theirs on the last fifth of the "
    "training rows, which they were not fitted on for it. 100 draws, their median for MAE, or the "
    "answer of one pass; seconds on one thread.",
    ("dataset", "window"),
    (
        Column("mae", "MAE"),
        Column("crps", "CRPS"),
        Column("coverage_50", "coverage of 50 %", 2),
        Column("coverage_90", "coverage of 90 %", 2),
        Column("n_origins", "origins", 0),
        Column("fit_s", "fit, CPU s", 1),
        Column("forecast_s", "forecast, CPU s", 1),
    ),
)
SAMPLING = Table(
    "sampling",
    "Cost of a draw",
    "One `LatentDiffusionGenerator`, several solvers: network calls of a draw, CPU seconds of "
    "1,000 windows on one thread, and how like all real windows these are. *Ancestral* adds fresh "
    "noise of the first guess at every step, as the paper's system does in 100 steps.",
    ("dataset", "window"),
    (
        Column("calls", "network calls", 0),
        Column("cpu_s", "CPU s", 2),
        Column("ks", "KS"),
        Column("acf", "ACF"),
        Column("std_ratio", "ratio of standard deviations"),
    ),
)
CORRUPTIONS = Table(
    "corruptions",
    "What catches what",
    "Real windows spoilt in known ways against as many other real ones. Bold is caught: four "
    "spreads above the mean of the floors (other real windows, five times) and half above the "
    "highest of them; for copying, beyond 0.15 of the windows nearer than held-out ones, or 0.05 "
    "with a copied stretch. What is learnt comes first, what is counted in the next section.",
    ("dataset", "window", "n_windows"),
    (
        Column("judge_small", "judge of the literature"),
        Column("judge_strong", "strong judge"),
        Column("judge_conv", "conv judge"),
        Column("judge_boosting", "boosting judge"),
        Column("predictive", "predictive"),
        Column("context_fid", "Context-FID"),
        Column("copying_share", "copying share", 2),
        Column("copying_stretch", "copied stretches", 2),
    ),
    n_shown=8,
)
DISTANCES = Table(
    "corruptions",
    "What catches what: distances",
    "The same windows; *office* is a table with discrete columns that the library draws.",
    ("dataset", "window", "n_windows"),
    (
        Column("ks", "KS"),
        Column("wasserstein", "Wasserstein"),
        Column("dks", "KS of differences"),
        Column("correlational", "correlational"),
        Column("cross_correlation", "cross-correlation"),
        Column("acf", "ACF"),
        Column("spectrum", "spectrum"),
        Column("total_variation", "levels"),
        Column("transitions", "transitions"),
        Column("cramers_v", "Cramer's V"),
        Column("correlation_ratio", "correlation ratio"),
    ),
    n_shown=7,
)
STRATEGIES = Table(
    "strategies",
    "Hypothesis strategies",
    "CPU milliseconds of one example of up to 5 series and 64 steps of five columns, the pool "
    "being drawn; `data_frames` is that of Hypothesis, of five columns of floats.",
    ("machine",),
    (Column("n_examples", "examples", 0), Column("ms_per_example", "CPU ms an example", 2)),
)
PLANTED_BUG = Table(
    "planted_bug",
    "A planted bug",
    "A routine that averages slow series over as many rows as they remember divides its last, "
    "shorter block by the wrong number. Runs of 200 examples each that found it, and the median "
    "number of examples they took.",
    ("machine",),
    (
        Column("n_seeds", "runs", 0),
        Column("n_found", "found it", 0),
        Column("median_examples", "examples", 0),
    ),
)
SHARDING = Table(
    "sharding",
    "Workers",
    "4,000 series of 96 steps and five channels, the same series each time, workers being started; "
    "the best of five rounds.",
    ("machine",),
    (
        Column("n_jobs", "workers", 0),
        Column("wall_s", "wall s", 2),
        Column("steps_per_s", "steps/s", 0),
    ),
)
STREAMS = Table(
    "streams",
    "Memory of a stream",
    "`sample_batches` of 200 series of 1,000 steps at a time, written to Parquet as they come: "
    "resident memory after one batch, and at its highest.",
    ("machine",),
    (
        Column("first_batch_mib", "after one batch, MiB", 0),
        Column("peak_mib", "highest, MiB", 0),
        Column("file_mib", "file, MiB", 0),
        Column("wall_s", "wall s", 0),
    ),
)
SURVIVAL = Table(
    "survival",
    "Kills, damage and wild input",
    "What was tried on trainings with checkpoints, on files and with wild input, and how often it "
    "went well.",
    ("machine",),
    (Column("tried", "tried", 0), Column("good", "went well", 0)),
)
IMPORTS = Table(
    "imports",
    "Imports",
    "CPU seconds of a fresh process, the best of five.",
    ("machine",),
    (Column("seconds", "CPU s", 3),),
)
MIXED = Table(
    "mixed",
    "Mixed tables",
    "Every fifth block of two windows of each series is held out; the model is small and shortly "
    "trained. Windows are compared with held-out ones: shares of levels and gaps, shares of pairs "
    "of levels at consecutive steps and of two columns, associations of levels with levels and "
    "with numbers, distance of numbers, the largest difference of a share of missing cells. "
    "Cramer's V gives rare gaps the weight of everything else: in beijing_multisite that of PM2.5 "
    "and SO2 is .79 in training and .03 held out, where the few hours without all analysers do "
    "not fall, hence its floor; *pairs* weighs cells as they occur. *Floor* is real training "
    "windows in the place of generated ones; *columns shuffled* keeps every column and nothing "
    "between them. Types, static columns, ranges of integers and stamps are right (1) or not (0). "
    "Judge, its verdict on differences over four lags, forecaster and correlations compare windows "
    "with as many from anywhere in the table, their floor being others from there. "
    "Rivals run with their own settings, ten minutes of training at most where they can be told, "
    "learn training windows that do not overlap, and are given the static columns of each series; "
    "they bring no stamps.",
    ("dataset", "window", "n_windows"),
    (
        Column("total_variation", "levels"),
        Column("transitions", "transitions"),
        Column("pairs", "pairs"),
        Column("cramers_v", "Cramer's V"),
        Column("correlation_ratio", "correlation ratio"),
        Column("marginal", "numbers"),
        Column("missing_share", "missing share"),
        Column("types_equal", "types", 0),
        Column("n_static", "static columns", 0),
        Column("static_constant", "constant", 0),
        Column("within_range", "range", 0),
        Column("stamps_increase", "stamps", 0),
        Column("copying_share", "copying share", 2),
        Column("discriminative", "judge"),
        Column("temporal", "judge of differences"),
        Column("predictive", "predictive"),
        Column("correlational", "correlational"),
        Column("score_train", "score, training", 2),
        Column("score_held_out", "score, held out", 2),
        Column("fit_cpu_s", "fit, CPU s", 0),
        Column("sample_cpu_s", "sample, CPU s", 1),
        Column("fit_ratio", "fit, times ours", 1),
        Column("sample_ratio", "sample, times ours", 1),
    ),
)
CONDITIONING = Table(
    "conditioning",
    "Columns after others that are given",
    "Every fifth block of two windows is held out. Of its windows two to four columns are drawn "
    "given all others, which are right, or off by noise of so many of their standard deviations "
    "and so large a share of wrong levels. Judges (two layers of 32 units) see what was drawn "
    "beside what was truly there, and the windows themselves; *differences* are over lags of 1, 2, "
    "a quarter and half a window. CRPS, in standard deviations of the training rows, and log-loss "
    "are those of 10 draws against the truth. *Columns of other windows* is the truth with the "
    "drawn columns of other held-out windows. *Published* is what the authors of TimeAutoDiff plot "
    "for their system: judged on training windows of shuffled rows, not measured "
    "here, the corrupted columns among those judged as far as can be seen.",
    ("dataset", "window"),
    (
        Column("discriminative", "judge"),
        Column("temporal", "judge of differences"),
        Column("predictive", "predictive"),
        Column("correlational", "correlational"),
        Column("crps", "CRPS"),
        Column("log_loss", "log-loss"),
        Column("n_windows", "windows", 0),
        Column("fit_cpu_s", "fit, CPU s", 0),
    ),
    labels=("name", "level"),
)
LATENTS = Table(
    "latents",
    "Latents a column",
    '`LatentDiffusionGenerator` with `latent="vae"` and so many latents a step for each column of '
    "the table, beside cells that flow themselves. *Reconstruction* is the error of hidden cells "
    "decoded from the latents of their windows as a share of that of straight lines. Judges see "
    "drawn windows and real ones. Autocorrelations are means over channels at lags of 1, a "
    "quarter and half a window, of the data and of the latents of the same windows; "
    "cross-correlations are mean sizes over pairs of channels. The last two compare the latents of "
    "drawn windows with those of real ones.",
    ("dataset", "window"),
    (
        Column("latent_dim", "latents", 0),
        Column("reconstruction_error", "reconstruction"),
        Column("judge_small", "judge of the literature"),
        Column("judge_strong", "strong judge"),
        Column("ks", "KS"),
        Column("acf", "ACF"),
        Column("acf_data", "autocorrelation, data", 2),
        Column("acf_latents", "latents", 2),
        Column("cross_data", "cross-correlation, data", 2),
        Column("cross_latents", "latents", 2),
        Column("acf_drawn", "ACF of drawn latents"),
        Column("cross_drawn", "cross-correlation of drawn latents"),
        Column("fit_cpu_s", "fit, CPU s", 0),
    ),
)
GPU = Table(
    "gpu",
    "A GPU beside the processors",
    "Engines of default sizes on ETTh1, windows of 24 steps: a short fit in float32 and in "
    "bfloat16, and what each engine is for, by one fitted model; wall seconds on the GPU, and on "
    "one and on all threads of the processor of the same machine, in the same run.",
    ("gpu", "n_threads"),
    (
        Column("gpu_s", "GPU, s", 2),
        Column("bf16_s", "GPU, bfloat16, s", 2),
        Column("one_thread_s", "one thread, s", 2),
        Column("all_threads_s", "all threads, s", 2),
    ),
)
GLANCE = Overview(
    Column("judge_strong", "strong judge"), ("dataset", "window", "n_windows"), "name"
)
TABLES = (
    QUALITY,
    LITERATURE,
    COST,
    SPEED,
    LENGTH,
    STAGE1,
    CODEBOOK,
    TRUTH,
    IMPUTATION,
    FORECASTING,
    SAMPLING,
    CORRUPTIONS,
    DISTANCES,
    MIXED,
    CONDITIONING,
    LATENTS,
    STRATEGIES,
    PLANTED_BUG,
    SHARDING,
    STREAMS,
    SURVIVAL,
    IMPORTS,
    GPU,
)
