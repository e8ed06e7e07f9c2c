"""The trainer: one loop for every method, the same bits after a kill, one process or several."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm

from gemcont.errors import GemcontError
from gemcont.learn.data.batches import Batches, order_of, training_data
from gemcont.learn.data.people import ImagePeople
from gemcont.learn.data.split import KIN, ROLES, TRAIN, VALIDATION
from gemcont.learn.methods.losses import LARGEST_SCALE
from gemcont.learn.training import distributed
from gemcont.learn.training.model import (
    LAST,
    NUMBERS,
    build_method,
    hash_of,
    load_numbers,
    load_state,
    save_numbers,
    write_facts,
    write_people,
)
from gemcont.learn.training.provenance import hash_of_roles, hashes, remembered
from gemcont.plots.save import save
from gemcont.plots.training import training_curve
from gemcont.settings.train import TrainSettings
from gemcont.tables.files import remove

if TYPE_CHECKING:
    from gemcont.workflows.panel import PanelMatch

log = logging.getLogger(__name__)

METRICS, CURVE = "metrics.jsonl", "curve.png"


def learning_rate(step: int, steps_per_epoch: int, settings: TrainSettings) -> float:
    """Return the learning rate of a step (from 0): linear warm-up, then a half cosine down to 0."""
    total, warm = settings.epochs * steps_per_epoch, settings.warmup * steps_per_epoch
    if step < warm:
        return settings.lr * (step + 1) / max(warm, 1)
    return settings.lr * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1)))


def train(
    cohort: ImagePeople,
    panel: PanelMatch | None,
    role: np.ndarray,
    settings: TrainSettings,
    out: str,
    *,
    kin: Sequence[tuple[str, str]] = (),
    panel_ids: list[str] | None = None,
    study: str | None = None,
    resume: bool = False,
    progress: bool = False,
) -> list[dict]:
    """Train a method and write its folder; return the lines of metrics.jsonl.

    Args:
        cohort: the people.
        panel: the panel's variants in their genotypes, or None.
        role: (people,) of ``split``.
        settings: of the training.
        out: the folder.
        kin: (FID, IID) of people outside the cohort who are related to those trained on, for
            people.tsv.
        panel_ids: ids of the panel's variants, for model.json.
        study: hash of the study, if the people are of one.
        resume: go on from the last epoch that was finished, with the same bits as an uninterrupted
            training on the same processor.
        progress: show a bar on a terminal.

    Raises:
        GemcontError: people are fewer than a batch, or a loss is not finite.
    """
    rank, world = distributed.start(settings.device)
    try:
        trainer = _Trainer(cohort, panel, role, settings, out=out, processes=(rank, world))
        if rank == 0:
            trainer.begin(panel_ids, study, resume, kin)
        distributed.wait()
        return trainer.run(resume, progress)
    finally:
        distributed.stop()


class _Trainer:
    """One process's training of one method."""

    def __init__(self, cohort, panel, role, settings, *, out, processes):
        rank, world = processes
        self.settings, self.out, self.rank, self.role = settings, out, rank, role
        self.cohort = cohort
        _check_precision(settings)
        self.images = cohort.images_of(role == TRAIN)
        self.validation = cohort.images_of(role == VALIDATION)
        self.steps = len(self.images) // settings.batch_size
        if self.steps == 0:
            raise GemcontError(
                f"--batch-size: {settings.batch_size} is more than the {len(self.images)} images "
                "of the training people; lower it"
            )
        if settings.batch_size % world:
            raise GemcontError(f"--batch-size: must be a multiple of the {world} processes")
        self.data = training_data(cohort, role, settings)
        self.method = build_method(
            settings,
            cohort.shape,
            self.data.donors,
            None if panel is None else panel.weights,
            binary_target=cohort.target_is_class,
        ).to(settings.device)
        if settings.channels_last:
            self.method.to(memory_format=torch.channels_last)
        self.batches = Batches(self.data, self.method, settings, rank, world)
        self.optimizer = _optimizer(self.method, settings)
        self.best = {"loss": math.inf, "epoch": 0, "state": None}

    def begin(
        self,
        panel_ids: list[str] | None,
        study: str | None,
        resume: bool,
        kin: Sequence[tuple[str, str]],
    ) -> None:
        """Make the folder, or check that it holds the training that is to go on.

        model.json and people.tsv are written either way: what they say is true of this run.
        """
        fid = self.cohort.fid + [family for family, _ in kin]
        iid = self.cohort.iid + [name for _, name in kin]
        role = [ROLES[r] for r in (*self.role, *([KIN] * len(kin)))]
        facts = self._facts(panel_ids)
        facts["data"] |= {
            "study": study,
            "roles": hash_of_roles(fid, iid, role),
            "remembered": remembered(self.cohort, np.isin(self.role, (TRAIN, VALIDATION))),
        }
        if resume and os.path.exists(os.path.join(self.out, LAST)):
            _refuse_other(self.out, facts)
        else:
            _make_folder(self.out)
        write_facts(self.out, facts)
        write_people(self.out, fid, iid, role)

    def _facts(self, panel_ids):
        cohort = self.cohort
        return {
            "settings": asdict(self.settings),
            "shape": list(cohort.shape),
            "width": self.method.options.width,
            "n_variants": 0 if cohort.dosages is None else cohort.dosages.shape[1],
            "panel": panel_ids,
            "binary_target": cohort.target_is_class,
            "n_train": int((self.role == TRAIN).sum()),
            "n_validation": int((self.role == VALIDATION).sum()),
            "covariates": list(cohort.covariate_names),
            "data": hashes(cohort, self.role),
        }

    def run(self, resume: bool, progress: bool) -> list[dict]:
        """Train all epochs that are left, and write the model at the end."""
        first, lines = self._resumed() if resume else (0, [])
        log.info(
            "%s, %s encoder: %d training images, %d for validation, %d steps an epoch, %d epochs",
            *(self.settings.method, self.settings.encoder, len(self.images)),
            *(len(self.validation), self.steps, self.settings.epochs),
        )
        left = range(first, self.settings.epochs)
        with tqdm(left, unit="epoch", disable=None if progress and self.rank == 0 else True) as bar:
            for epoch in bar:
                if self._stopped(epoch):
                    log.info("stopped: no better validation loss for %d epochs",
                             self.settings.patience)  # fmt: skip
                    break
                line = self._epoch(epoch)
                lines.append(line)
                bar.set_postfix_str(_shown(line))
                self._note_best(epoch, line)
                if self.rank == 0:
                    self._keep(epoch, lines)
        if self.rank == 0:
            self._finish(lines)
        return lines

    def _stopped(self, epoch):
        early = self.method.early_stopping and len(self.validation)
        return early and epoch - self.best["epoch"] > self.settings.patience

    def _epoch(self, epoch):
        settings, began = self.settings, time.perf_counter()
        order = order_of(self.images, settings.seed, epoch)
        self.method.train()
        total = 0.0
        for step in range(self.steps):
            chosen = order[step * settings.batch_size : (step + 1) * settings.batch_size]
            done = epoch * self.steps + step
            rate = learning_rate(done, self.steps, settings)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            batch = self.batches.make(chosen, epoch, step, done / (settings.epochs * self.steps))
            total += self._step(batch, epoch, step)
        seconds = time.perf_counter() - began
        line = {
            "epoch": epoch + 1,
            "step": (epoch + 1) * self.steps,
            "lr": rate,
            "loss": total / self.steps,
            **self._validated(),
            "seconds": round(seconds, 3),
            "images_per_second": round(self.steps * settings.batch_size / seconds, 1),
        }
        if hasattr(self.method, "log_scale"):
            line["logit_scale"] = float(self.method.log_scale.detach().exp())
            if line["logit_scale"] >= 0.999 * LARGEST_SCALE:
                log.warning(
                    "epoch %d: the scale of the logits lies at its bound of %g; --temperature "
                    "fixes it", epoch + 1, LARGEST_SCALE)  # fmt: skip
        return line

    def _step(self, batch, epoch, step):
        self.optimizer.zero_grad(set_to_none=True)
        with _precision(self.settings):
            loss = self.method.loss(batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            last = os.path.join(self.out, LAST)
            good = f"the last good state is {last}" if os.path.exists(last) else "no epoch ended"
            raise GemcontError(
                f"the loss is {value} at step {step + 1} of epoch {epoch + 1}; {good}; lower --lr"
            )
        loss.backward()
        distributed.average_gradients(self.method.parameters())
        self.optimizer.step()
        self.method.after_step()
        return value

    @torch.no_grad()
    def _validated(self):
        """Return loss, recall and effective rank of validation people, in batches of one size."""
        size = min(self.settings.batch_size, len(self.validation))
        if size < 2:
            return {"validation_loss": None}
        self.method.eval()
        measures, embedded = [], []
        for k, start in enumerate(range(0, len(self.validation) - size + 1, size)):
            batch = self.batches.clean(self.validation[start : start + size], k)
            with distributed.alone():
                measures.append(self._measures(batch))
            embedded.append(self.method.embed(batch.images).float().cpu())
        means = {name: float(np.mean([f[name] for f in measures])) for name in measures[0]}
        return means | {"effective_rank": effective_rank(torch.cat(embedded))}

    def _measures(self, batch):
        measures = {"validation_loss": float(self.method.loss(batch))}
        if hasattr(self.method, "sides"):
            a, b = self.method.sides(batch)
            best = (a @ b.T).argmax(dim=1).cpu() == torch.arange(len(a))
            measures |= {"recall_at_1": float(best.float().mean()), "chance": 1 / len(a)}
        return measures

    def _note_best(self, epoch, line):
        if self.method.early_stopping and (line["validation_loss"] or math.inf) < self.best["loss"]:
            state = {k: v.clone() for k, v in self.method.state_dict().items()}
            self.best = {"loss": line["validation_loss"], "epoch": epoch, "state": state}

    def _keep(self, epoch, lines):
        content = {
            "epoch": epoch + 1,
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "metrics": [json.dumps(line) for line in lines],
        }
        save_numbers(os.path.join(self.out, LAST), content)
        with open(os.path.join(self.out, METRICS), "w", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for text in content["metrics"])

    def _resumed(self):
        path = os.path.join(self.out, LAST)
        if not os.path.exists(path):
            return 0, []
        content = load_numbers(path, self.settings.device)
        load_state(self.method, content["method"], path)
        self.optimizer.load_state_dict(content["optimizer"])
        self.best = content["best"]
        log.info("going on after epoch %d of %s", content["epoch"], path)
        return content["epoch"], [json.loads(text) for text in content["metrics"]]

    def _finish(self, lines):
        state = self.best["state"] or self.method.state_dict()
        if self.best["state"] is not None:
            log.info("the model is that of epoch %d, of the best validation loss",
                     self.best["epoch"] + 1)  # fmt: skip
        save_numbers(os.path.join(self.out, NUMBERS), state)
        save(training_curve(lines, title=self.settings.method), os.path.join(self.out, CURVE))
        log.info("the model %s is in %s", hash_of(state)[:12], self.out)


def _make_folder(out):
    """Make the folder, or empty it of an unfinished training; a finished model is kept."""
    if os.path.exists(os.path.join(out, NUMBERS)):
        raise GemcontError(f"--out: {out} holds a trained model; delete it or choose another")
    try:
        os.makedirs(out, exist_ok=True)
    except OSError as error:
        raise GemcontError(f"--out: {out} cannot be made a folder ({error.strerror})") from None
    for name in (NUMBERS, LAST, METRICS, CURVE):
        path = os.path.join(out, name)
        if os.path.exists(path):
            remove(path)
            log.info("%s of an earlier training removed", path)


def _shown(line):
    """Return a line of metrics for the progress bar."""
    validation = line["validation_loss"]
    return f"loss {line['loss']:.4f}" + (f", validation {validation:.4f}" if validation else "")


def _optimizer(method, settings):
    """Return AdamW; biases, norms and the scale of the logits do not decay."""
    parameters = [p for p in method.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.lr)


def effective_rank(embeddings: torch.Tensor) -> float:
    """Return the number of directions in use of (n, d): exp of the entropy of their variances."""
    variances = torch.linalg.svdvals(embeddings.double() - embeddings.double().mean(dim=0)) ** 2
    shares = variances / variances.sum()
    return float(torch.exp(-(shares * shares.clamp(min=1e-300).log()).sum()))


def _refuse_other(out, facts):
    with open(os.path.join(out, "model.json"), encoding="utf-8") as file:
        before = json.load(file)
    now = json.loads(json.dumps(facts))
    for name, value in now["settings"].items():
        if before["settings"].get(name) != value:
            flag = name.replace("_", "-")
            raise GemcontError(
                f"--resume: --{flag} was {before['settings'].get(name)}, is {value}; the training "
                f"in {out} is another"
            )
    old = before | before["data"]
    for name, value in (now | now["data"]).items():  # an earlier gemcont wrote fewer of them
        if name not in ("settings", "data") and name in old and old[name] != value:
            raise GemcontError(f"--resume: the training in {out} had other {name}; give the same")


def _check_precision(settings):
    if settings.precision == "bf16" and settings.device == "cpu":
        supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
        if not supported:
            raise GemcontError(
                "--precision bf16: this processor has no instructions for it, and is 12 times "
                "slower with it; leave it out"
            )


def _precision(settings):
    if settings.precision == "bf16":
        return torch.autocast(settings.device.split(":")[0], torch.bfloat16)
    return nullcontext()
