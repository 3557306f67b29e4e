"""BLAS threads are given back, sums over blocks are right, kept buffers are never written over."""

import copy
import gc
import pickle
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import riemgn as rg
from riemgn.linalg import BufferPool, gram, mapped, one_blas_thread, sum_in_order
from riemgn.linalg import threads as threads_module


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture(params=[1, 2])
def users_setting(request):
    with threadpool_limits(request.param, user_api="blas"):
        if set(blas_threads()) != {request.param}:
            pytest.skip("this BLAS does not take that many threads")
        yield request.param


def test_pools_are_held_at_one_and_given_back(users_setting):
    before = blas_threads()
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_pools_are_given_back_after_an_error(users_setting):
    before = blas_threads()
    with pytest.raises(KeyError), one_blas_thread():
        raise KeyError
    with pytest.raises(rg.NumericalError):
        _manifold_that_breaks().projection(_manifold_that_breaks().point([1.0]), np.ones(1))
    assert blas_threads() == before


def _manifold_that_breaks():
    class Broken(rg.Immersion):
        dim, ambient_dim = 1, 1

        def __call__(self, w):
            return np.array([w[0]])

        def jacobian(self, w):
            return np.array([[np.nan]])

    return rg.ImmersedManifold(Broken())


def test_each_setting_is_seen_anew():
    for count in (2, 1, 2):
        with threadpool_limits(count, user_api="blas"):
            before = blas_threads()
            with one_blas_thread():
                assert threads_module._allowed.get() == max(before)
            assert blas_threads() == before


@pytest.mark.parametrize("first_out", ["first in", "second in"])
def test_steps_that_overlap_in_two_threads_give_back_what_the_user_set(first_out):
    before = blas_threads()
    entered, leave, left = (threading.Event() for _ in range(3))

    def first():
        with one_blas_thread():
            entered.set()
            leave.wait(10)
        left.set()

    worker = threading.Thread(target=first)
    worker.start()
    assert entered.wait(10)
    with one_blas_thread():
        if first_out == "first in":
            leave.set()
            assert left.wait(10)
    leave.set()
    worker.join(10)
    assert blas_threads() == before
    with one_blas_thread():
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_whole_runs_leave_the_setting_alone(users_setting):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(30, 2))
    before = blas_threads()
    for widths in ([2, 3, 1], [2, 30, 1]):
        net = rg.Network(widths)
        M = rg.OutputManifold(net, X)
        problem = rg.Problem(M, rg.SquaredLoss(X[:, 0]))
        x = M.point(net.init(seed=0))
        for optimizer in (
            rg.LevenbergMarquardt(max_iterations=3),
            rg.GaussNewton(max_iterations=3),
        ):
            optimizer.run(problem, initial_point=x)
            assert blas_threads() == before

            def stop(record):
                raise StopIteration

            optimizer.run(problem, initial_point=x, callback=stop)
            assert blas_threads() == before


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_gram_and_mapped_do_not_depend_on_the_number_of_threads(workers, monkeypatch):
    monkeypatch.setattr(threads_module, "_WORTH_A_THREAD", 0)
    rows = np.random.default_rng(0).normal(size=(5, 1001))
    token = threads_module._allowed.set(workers)
    try:
        np.testing.assert_allclose(gram(rows), rows @ rows.T, rtol=1e-13)
        np.testing.assert_allclose(gram(rows[:, :2]), rows[:, :2] @ rows[:, :2].T, rtol=1e-13)
        assert list(mapped(lambda i: i**2, iter(range(10)))) == [i**2 for i in range(10)]
        assert list(mapped(lambda i: i, iter([]))) == []
        total = sum_in_order(iter([np.ones(2), np.ones(2), np.ones(2)]))
        np.testing.assert_array_equal(total, [3.0, 3.0])
        with pytest.raises(ZeroDivisionError):
            list(mapped(lambda i: 1 / i, iter([1, 0, 1])))
    finally:
        threads_module._allowed.reset(token)


def test_workers_belong_to_the_step_and_start_no_threads_of_their_own():
    with threadpool_limits(2, user_api="blas"), one_blas_thread():
        if threads_module._allowed.get() < 2:
            pytest.skip("this BLAS does not take two threads")

        def allowed_inside(_):
            with one_blas_thread():
                return threads_module._allowed.get()

        assert list(mapped(allowed_inside, iter(range(4)))) == [1] * 4
        assert set(blas_threads()) == {1}


def test_no_more_items_are_alive_than_threads_work():
    alive, most = 0, 0
    lock = threading.Lock()

    def items():
        nonlocal alive, most
        for i in range(12):
            with lock:
                alive += 1
                most = max(most, alive)
            yield i

    token = threads_module._allowed.set(2)
    try:
        for _ in mapped(lambda i: i, items()):
            with lock:
                alive -= 1
    finally:
        threads_module._allowed.reset(token)
    assert most <= 2


# Buffers


def address(array):
    return array.__array_interface__["data"][0]


def test_memory_comes_back_only_when_nothing_refers_to_it():
    pool = BufferPool()
    a = pool.take((3, 4))
    a[:] = 1.0
    b = pool.take((3, 4))
    b[:] = 2.0
    assert not np.shares_memory(a, b)
    where = address(a)
    part = a[1:, ::2].T  # a view of a view keeps the memory
    del a
    gc.collect()
    c = pool.take((3, 4))
    c[:] = 3.0
    np.testing.assert_array_equal(part, np.ones((2, 2)))
    assert address(c) != where
    del part, c
    gc.collect()
    both = pool.take((3, 4)), pool.take((3, 4))
    assert where in {address(array) for array in both}


def test_blocks_of_the_wrong_size_are_dropped_and_few_are_kept():
    pool = BufferPool(most=2)
    held = [pool.take((4, 4)) for _ in range(5)]
    del held
    gc.collect()
    assert len(pool._free) == 2
    flat = pool.take((2, 8))  # the same size in another shape will do
    assert flat.shape == (2, 8)
    assert len(pool._free) == 1
    small = pool.take((3, 3))
    assert small.shape == (3, 3)
    assert small.flags.c_contiguous
    assert len(pool._free) == 0


def test_copies_of_a_pool_start_empty():
    pool = BufferPool(most=3)
    pool.take((2, 2))
    gc.collect()
    for other in (copy.deepcopy(pool), pickle.loads(pickle.dumps(pool))):
        assert other.most == 3
        assert len(other._free) == 0


def test_threads_may_share_a_pool():
    pool = BufferPool()
    wrong = []

    def work(value):
        for _ in range(300):
            mine = pool.take((50,))
            mine[:] = value
            if not np.all(mine == value):
                wrong.append(value)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_a_jacobian_that_is_held_is_never_written_over():
    generator = np.random.default_rng(0)
    net = rg.Network([3, 4, 2])
    f = net.immersion(generator.normal(size=(10, 3)))
    params = [net.init(seed=i) for i in range(6)]
    held = [f.jacobian(w) for w in params]
    M = rg.ImmersedManifold(f)
    points = [M.point(w) for w in params]
    views = [point.jacobian[::2, 1] for point in points]
    factors = [point.factor for point in points]
    del points
    gc.collect()
    for _ in range(5):  # more Jacobians, that would take freed memory
        f.jacobian(net.init(seed=9))
    fresh = [net.immersion(f.inputs.T).jacobian(w) for w in params]
    v = generator.normal(size=f.ambient_dim)
    for J, view, factor, wanted in zip(held, views, factors, fresh, strict=True):
        np.testing.assert_array_equal(J, wanted)
        np.testing.assert_array_equal(view, wanted[::2, 1])
        np.testing.assert_allclose(factor.lift(v), np.linalg.pinv(wanted) @ v, rtol=1e-8)


def test_a_tangent_kernel_that_is_held_is_never_written_over():
    generator = np.random.default_rng(0)
    net = rg.Network([3, 8, 5, 2])
    f = net.immersion(generator.normal(size=(6, 3)))
    params = [net.init(seed=i) for i in range(4)]
    held = [f.tangent_kernel(w) for w in params]
    jet = f.at(params[0])
    system = jet.damped_system()
    t = generator.normal(size=12)
    step = system.solve(t, 1e-3)
    gc.collect()
    for w in params:
        f.at(w).damped_system().solve(t, 1.0)
    np.testing.assert_array_equal(system.solve(t, 1e-3), step)
    for K, w in zip(held, params, strict=True):
        J = f.jacobian(w)
        np.testing.assert_allclose(K, J @ J.T, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_memory_of_a_jacobian_is_used_again():
    net = rg.Network([3, 4, 1])
    f = net.immersion(np.random.default_rng(0).normal(size=(10, 3)))
    seen = set()
    for i in range(6):
        J = f.jacobian(net.init(seed=i))
        seen.add(address(J))
        del J
        gc.collect()
    assert len(seen) <= 2
