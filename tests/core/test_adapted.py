"""Flows of other libraries as g: round trip, log-determinants, spaces and PCA, on the libraries themselves."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.distributions import (
    AffineTransform,
    ExpTransform,
    Normal,
    SigmoidTransform,
    TransformedDistribution,
)

import linearizer_core as lc
from linearizer_core.diagnostics import axiom_errors, round_trip_error
from linearizer_core.networks import AdaptedFlow, Log, forward_and_log_det
from linearizer_core.networks.points import decode, encode
from tests.helpers import ROOT, printed

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch.lu and others, of the libraries


def stirred(flow, by=0.1):
    """As training might leave it: fresh layers are the identity; what a library holds fixed stays."""
    with torch.no_grad():
        for parameter in filter(lambda p: p.requires_grad, flow.parameters()):
            parameter.add_(by * torch.randn_like(parameter))
    return flow.double()


def zuko(kind, **options):
    flows = pytest.importorskip("zuko").flows
    return stirred(getattr(flows, kind)(4, hidden_features=[8], **options))


def subnet(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 8), nn.Tanh(), nn.Linear(8, n_out))


def freia(*dims, **condition):
    framework, modules = (pytest.importorskip(f"FrEIA.{name}") for name in ("framework", "modules"))
    inn = framework.SequenceINN(*dims)
    for _ in range(2):
        inn.append(modules.AllInOneBlock, subnet_constructor=subnet, **condition)
    return stirred(inn)


def freia_pictures():
    framework, modules = (pytest.importorskip(f"FrEIA.{name}") for name in ("framework", "modules"))
    inn = framework.SequenceINN(1, 4, 4)
    inn.append(modules.HaarDownsampling)
    inn.append(modules.Flatten)
    return inn.double()


def freia_graph():
    framework, modules = (pytest.importorskip(f"FrEIA.{name}") for name in ("framework", "modules"))
    start = framework.InputNode(5)
    split = framework.Node(start, modules.Split, {"section_sizes": [2, 3]})
    block = framework.Node(split.out1, modules.AllInOneBlock, {"subnet_constructor": subnet})
    ends = [framework.OutputNode(block), framework.OutputNode(split.out0)]
    return stirred(framework.GraphINN([start, split, block, *ends]))


def normflows_chain():
    nf, flows = pytest.importorskip("normflows"), []
    for _ in range(2):
        flows += [
            nf.flows.AffineCouplingBlock(nf.nets.MLP([2, 8, 4])),
            nf.flows.Permute(4),
            nf.flows.ActNorm(4),
        ]
    return started(stirred(nf.NormalizingFlow(nf.distributions.DiagGaussian(4), flows)), 4)


def started(flow, *shape):
    """Actnorms of normflows take their first batch for their statistics."""
    with torch.no_grad():
        lc.adapt(flow, shape)(torch.rand(16, *shape))
    return flow


def fresh_glow(size=4):
    """Two scales of normflows' own Glow blocks, as in its examples."""
    nf, bases, merges, flows = pytest.importorskip("normflows"), [], [], []
    for i in range(2):
        flows.append([nf.flows.GlowBlock(2 ** (3 - i), 8, scale=True), nf.flows.Squeeze()])
        merges += [nf.flows.Merge()] if i else []
        shape = (2, size // 2, size // 2) if i else (8, size // 4, size // 4)
        bases.append(nf.distributions.DiagGaussian(shape))
    return stirred(nf.MultiscaleFlow(bases, flows, merges, class_cond=False))


def glow():
    return started(fresh_glow(), 1, 4, 4)


def nflows():
    pytest.importorskip("nflows.flows", exc_type=ImportError)
    transforms, flows, bases = (
        pytest.importorskip(f"nflows.{name}") for name in ("transforms", "flows", "distributions")
    )
    steps = [
        transforms.MaskedAffineAutoregressiveTransform(4, 8),
        transforms.RandomPermutation(4),
        transforms.LULinear(4),
    ]
    return stirred(flows.Flow(transforms.CompositeTransform(steps), bases.StandardNormal([4])))


class Doubling(nn.Module):
    """Forward and inverse as nflows' transforms have them: with log-determinants."""

    def __init__(self):
        super().__init__()
        self.rate = nn.Parameter(torch.tensor([0.3, -0.2, 0.1]))

    def forward(self, x):
        return x * self.rate.exp(), self.rate.sum().expand(len(x))

    def inverse(self, z):
        return z / self.rate.exp(), -self.rate.sum().expand(len(z))


def lognormal():
    steps = [AffineTransform(0.5, torch.tensor([1.0, 2.0, 0.3])), ExpTransform()]
    return TransformedDistribution(Normal(torch.zeros(3), torch.ones(3)), steps)


def conditional():
    flow = pytest.importorskip("zuko").flows.NSF(3, context=2, hidden_features=[8])
    return lc.adapt(stirred(flow), context=torch.tensor([0.3, -0.7]))


FLOWS = {
    "zuko NSF": lambda: lc.adapt(zuko("NSF", transforms=2)),
    "zuko NICE": lambda: lc.adapt(zuko("NICE", transforms=2)),
    "zuko MAF": lambda: lc.adapt(zuko("MAF", transforms=2)),
    "zuko NSF at one condition": conditional,
    "zuko's transform alone": lambda: lc.adapt(zuko("MAF", transforms=2)().transform, shape=(4,)),
    "FrEIA SequenceINN": lambda: lc.adapt(freia(4)),
    "FrEIA SequenceINN at one condition": lambda: lc.adapt(
        freia(4, cond=0, cond_shape=(2,)), context=torch.tensor([1.0, -1.0])
    ),
    "FrEIA SequenceINN of pictures": lambda: lc.adapt(freia_pictures()),
    "FrEIA GraphINN of two ends": lambda: lc.adapt(freia_graph()),
    "normflows chain": lambda: lc.adapt(normflows_chain()),
    "normflows layer alone": lambda: lc.adapt(normflows_chain().flows[0], shape=(4,)),
    "normflows Glow": lambda: lc.adapt(glow()),
    "nflows Flow": lambda: lc.adapt(nflows()),
    "nflows Transform": lambda: lc.adapt(nflows()._transform, shape=(4,)),
    "module with log-determinants": lambda: lc.adapt(Doubling(), shape=(3,)),
    "TransformedDistribution": lambda: lc.adapt(lognormal()),
    "torch transform": lambda: lc.adapt(SigmoidTransform().inv, shape=(2, 3)),
    "pair of callables": lambda: lc.adapt((torch.log, torch.exp), shape=(3,)),
    "pair of bound methods": lambda: (lambda net: lc.adapt((net.forward, net.inverse), shape=(3,)))(
        Doubling()
    ),
}
every_flow = pytest.mark.parametrize("make", FLOWS.values(), ids=FLOWS)


def points(g, *batch):
    """In (0, 1), where every flow here is defined."""
    return 0.1 + 0.8 * torch.rand(*batch, *g.in_shape)


def jacobian_log_det(g, item):
    n = math.prod(g.in_shape)
    J = torch.autograd.functional.jacobian(lambda x: g(x[None])[0], item)
    return torch.linalg.slogdet(J.reshape(n, n)).logabsdet


@every_flow
def test_round_trip_is_exact_in_float64(make):
    g = make()
    x = points(g, 5)
    z = g(x)
    assert isinstance(g, AdaptedFlow) and z.dtype == torch.float64
    assert z.shape == (5, *g.out_shape) and g.out_shape == (math.prod(g.in_shape),)
    assert round_trip_error(g, x, z.roll(1, 0)) < 1e-9


@every_flow
def test_the_log_determinant_is_that_of_the_jacobian(make):
    g = make()
    x = points(g, 3)
    z, log_det = forward_and_log_det(g, x)
    torch.testing.assert_close(z, g(x))
    wanted = torch.stack([jacobian_log_det(g, item) for item in x])
    torch.testing.assert_close(log_det, wanted, rtol=1e-8, atol=1e-8)


@every_flow
def test_its_space_obeys_the_eight_axioms_and_check_says_so(make):
    g = make()
    x, y, z = points(g, 3, 2)
    assert max(axiom_errors(lc.InducedSpace(g), x, y, z, a=0.4, b=-0.3).values()) < 1e-8
    report = lc.check(g, x)
    assert report.ok, str(report)


@every_flow
def test_any_batch_shape_none_and_an_empty_one(make):
    g = make()
    x = points(g, 2, 3)
    z = encode(g, x)
    assert z.shape == (2, 3, *g.out_shape)
    torch.testing.assert_close(g(x), z)
    torch.testing.assert_close(g.inverse(z), x)
    torch.testing.assert_close(encode(g, x[1, 2]), z[1, 2])
    assert decode(g, z[:0]).shape == (0, 3, *g.in_shape)


@every_flow
def test_pca_powers_and_a_copy(make):
    g = make()
    x = points(g, 20)
    pca = lc.LatentPCA(2).fit(g, x)
    torch.testing.assert_close(pca.components @ pca.components.mT, torch.eye(2))
    f = lc.Linearizer(g, torch.diag(torch.linspace(0.5, 1, g.out_shape[0])), g)
    half = f**0.5
    torch.testing.assert_close(half(half(x)), f(x), rtol=1e-7, atol=1e-7)
    if "Inverse" not in type(g.flow).__name__:  # of a transform, which torch itself cannot copy
        torch.testing.assert_close(copy.deepcopy(g)(x), g(x))


@every_flow
def test_in_float32_it_stays_there(make):
    g = make().float()
    moved = any(True for _ in g.parameters()) or "callables" in str(g.library)
    x = points(g, 2).float()
    if moved:
        assert g(x).dtype == g.inverse(g(x)).dtype == forward_and_log_det(g, x)[1].dtype == torch.float32


@every_flow
def test_gradients_reach_the_flow(make):
    g = make()
    trained = [p for p in g.parameters() if p.requires_grad]
    z, log_det = forward_and_log_det(g, points(g, 2))
    if trained:
        (z.square().sum() - log_det.sum()).backward()
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in trained)


def test_an_ode_keeps_its_own_log_determinant_and_tolerance():
    flow = zuko("CNF", atol=1e-8, rtol=1e-7, activation=nn.Tanh)
    g, x = lc.adapt(flow), torch.randn(2, 4)
    z, log_det = forward_and_log_det(g, x)
    torch.testing.assert_close(
        flow().log_prob(x), -0.5 * z.square().sum(1) - 2 * math.log(2 * math.pi) + log_det
    )
    assert round_trip_error(g, x) < 1e-5
    torch.testing.assert_close(log_det[0], jacobian_log_det(g, x[0]), rtol=1e-3, atol=1e-4)
    strict, kind = (lc.check(g, x, tolerance)["round trip of g"] for tolerance in (None, 1e-3))
    assert not strict.ok and kind.ok  # an ODE solver is as exact as it is asked to be


def test_zuko_agrees_with_its_own_density():
    flow = zuko("NSF", transforms=2)
    x = torch.randn(5, 4)
    z, log_det = forward_and_log_det(lc.adapt(flow), x)
    torch.testing.assert_close(flow().log_prob(x), flow().base.log_prob(z) + log_det)


def test_data_come_first_and_latents_second_whatever_the_library_calls_forward():
    distribution, normal = lognormal(), Normal(torch.zeros(3), torch.ones(3))
    x = distribution.sample((4,))
    z, log_det = forward_and_log_det(lc.adapt(distribution), x)
    torch.testing.assert_close(distribution.log_prob(x).sum(1), normal.log_prob(z).sum(1) + log_det)
    chain = normflows_chain()
    torch.testing.assert_close(lc.adapt(chain)(x4 := torch.randn(3, 4)), chain.inverse(x4))
    torch.testing.assert_close(
        chain.log_prob(x4), chain.q0.log_prob(chain.inverse(x4)) + chain.inverse_and_log_det(x4)[1]
    )


def test_glow_keeps_the_total_of_its_own_and_reading_its_shape_initialises_nothing():
    flow = fresh_glow()
    fresh = [name for name, done in flow.named_buffers() if name.endswith("init_done") and not done]
    assert fresh
    g = lc.adapt(flow)
    assert g.in_shape == (1, 4, 4) and g.out_shape == (16,)
    assert fresh == [name for name, done in flow.named_buffers() if name.endswith("init_done") and not done]
    x = points(g, 4)
    for spoiling in (lambda: g(x[:1]), lambda: g.inverse(torch.zeros(4, 16))):
        with pytest.raises(
            ValueError, match=r"flow has layers that start from their first batch, and saw none \(flows"
        ):
            spoiling()
    z, log_det = forward_and_log_det(g, x)
    torch.testing.assert_close(g(x[:1]), z[:1])
    parts, total = flow.inverse_and_log_det(x)
    torch.testing.assert_close(z, torch.cat([part.flatten(1) for part in parts], 1))
    torch.testing.assert_close(log_det, total)


def test_parameters_train_move_and_are_saved_with_g_also_behind_callables():
    net = Doubling()
    g = lc.adapt((net.forward, net.inverse), shape=(3,))
    assert (
        list(g.state_dict()) == ["held.0.rate"]
        and g.float()(torch.ones(1, 3, dtype=torch.float32)).dtype == torch.float32
    )
    assert net.rate.dtype == torch.float32
    twin = copy.deepcopy(g)
    twin.state_dict()["held.0.rate"].zero_()
    torch.testing.assert_close(twin(torch.ones(1, 3).float()), torch.ones(1, 3).float())
    assert not torch.equal(g(torch.ones(1, 3).float()), torch.ones(1, 3).float())


def test_on_another_device():
    g = lc.adapt(Doubling(), shape=(3,)).to("meta")
    assert g(torch.zeros(2, 3, device="meta")).device.type == "meta"


def test_what_is_a_network_already_comes_back():
    g = Log(2)
    assert lc.adapt(g) is g


class Mixing(nn.Module):
    """Takes the mean of its batch away, as a batch norm does."""

    def forward(self, x):
        return x - x.mean(0)

    def inverse(self, z):
        return z


def test_check_names_a_wrong_inverse_in_one_sentence():
    g = lc.adapt((lambda x: 2 * x, lambda z: 0.4 * z), shape=(3,))
    row = lc.check(g, torch.randn(4, 3))["round trip of g"]
    assert row.ok is False and 0.1 < row.error < 0.3
    assert row.why == "g.inverse does not undo g: mend it first, the other laws rest on it."


def test_check_names_a_batch_that_is_mixed():
    row = lc.check(lc.adapt(Mixing(), shape=(3,)), torch.randn(4, 3))["items of g are apart"]
    assert (
        row.ok is False and row.why == "g of an item depends on its batch: put batch statistics in eval mode."
    )


def test_check_names_a_wrong_log_determinant():
    g = lc.adapt((lambda x: (2 * x, torch.zeros(len(x))), lambda z: z / 2), shape=(3,))
    row = lc.check(g, torch.randn(4, 3))["log-determinant of g"]
    assert row.ok is False and row.error == pytest.approx(math.log(2))


def lossy():
    return lc.adapt((lambda x: x[:, :2], lambda z: z), shape=(3,), latent_shape=(2,))


def mixture():
    return lc.adapt(pytest.importorskip("zuko").flows.GMM(2))


REFUSED = {
    "a number": (lambda: lc.adapt(3), "flow must be a zuko flow, .* or a pair of callables .*, got int"),
    "a plain layer": (lambda: lc.adapt(nn.Linear(2, 2)), "flow must be a zuko flow.*, got Linear"),
    "no shape": (
        lambda: lc.adapt(ExpTransform()),
        r"shape must be given for ExpTransform.*adapt\(flow, shape=\(n,\)\)",
    ),
    "no bijection": (
        lambda: lc.adapt(torch.distributions.AbsTransform(), shape=(2,)),
        "which is not bijective",
    ),
    "fewer latents": (
        lossy,
        r"flow must keep the number of axes, got points of shape \(3,\) with 3 and latents of shape",
    ),
    "a mixture": (mixture, "flow must be invertible, got zuko's GMM"),
    "another latent shape": (
        lambda: lc.adapt((lambda x: x.flatten(1), lambda z: z), shape=(2, 2))(torch.zeros(1, 2, 2)),
        r"flow must give latents of shape \(2, 2\), got \(4,\); pass it as adapt\(flow, latent_shape=…\)",
    ),
}


@pytest.mark.parametrize(("call", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_adapted_is_refused_by_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_the_program_of_the_readme_runs(tmp_path):
    pytest.importorskip("zuko")
    section = (ROOT / "README.md").read_text("utf-8").split("## Bring your own flow")[1].split("\n## ")[0]
    program = section.split("```python\n")[1].split("```")[0]
    out = printed(f"import warnings; warnings.simplefilter('default')\n{program}", tmp_path)
    assert "round trip of g " in out and " no " not in out, out
