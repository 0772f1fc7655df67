"""The same gradients through other people's code: PyTorch, optax, pytorch_optimizer."""

import jax
import numpy as np
import optax
import torch

jax.config.update("jax_enable_x64", True)
NUM_STEPS = 100
# A start whose coordinates are as large as the steps they take, so that rounding stays relative.
X0 = np.array([1e-6, 0.0, 0.5, -0.7, 0.3, 0.2])


def gradients(num_steps=NUM_STEPS, seed=0, shape=(6,)):
    """A sequence with a tiny coordinate, a coordinate that is zero, a sign flip and a spike."""
    g = np.random.default_rng(seed).normal(size=(num_steps, 6))
    g[:, 0] *= 1e-6
    g[:, 1] = 0
    g[:, 2] = np.where(np.arange(num_steps) < num_steps // 2, 1.0, -1.0) * np.abs(g[:, 2])
    g[num_steps // 3, 3] = 1e3
    return g.reshape(num_steps, *shape)


def walk(rule, x0=X0, sequence=None, *, l2=0.0, decoupled=0.0, lr=None, readout=False):
    """Return our points, of shape (steps + 1, ...).

    Where a framework has a decay for a rule of ours that has none: ``l2`` adds it to the
    gradient, as an oracle would; ``decoupled`` shrinks the point by ``lr`` times it first.
    """
    x, path = np.array(x0), [np.array(x0)]
    state = rule.init(x)
    for t, g in enumerate(gradients() if sequence is None else sequence):
        g = g + l2 * x
        if decoupled:
            x *= 1 - lr * decoupled
        rule(x, g, state, t)
        path.append((rule.readout(x, state) if readout else x).copy())
    return np.array(path)


def walk_torch(make, x0=X0, sequence=None, *, average=None):
    """Return the points of a PyTorch optimizer; ``average`` names a state to read instead."""
    theta = torch.tensor(x0, requires_grad=True)
    optimizer = make([theta])
    path = [np.array(x0)]
    for g in gradients() if sequence is None else sequence:
        theta.grad = torch.tensor(g)
        optimizer.step()
        point = optimizer.state[theta][average] if average else theta
        path.append(point.detach().numpy().copy())
    return np.array(path)


def walk_optax(optimizer, x0=X0, sequence=None, readout=None):
    """Return the points of an optax optimizer, in double precision."""
    x = jax.numpy.asarray(x0)
    state, path = optimizer.init(x), [np.array(x0)]
    update = jax.jit(optimizer.update)
    for g in gradients() if sequence is None else sequence:
        updates, state = update(jax.numpy.asarray(g), state, x)
        x = optax.apply_updates(x, updates)
        path.append(np.array(readout(state, x) if readout else x))
    return np.array(path)


def difference(ours, theirs):
    """Return the largest difference of two paths, relative to each coordinate's displacement."""
    moved = np.abs(theirs - theirs[0]).max(axis=0)
    apart = np.abs(ours - theirs).max(axis=0)
    return float(
        np.max(np.divide(apart, moved, out=np.where(apart > 0, np.inf, 0), where=moved > 0))
    )
