"""Every sentence of the Generate view."""

from app.words import IDENTICAL, INTEGRATORS, minus, subscript, typeset

LEAD = "Noise becomes a picture in N steps, each linear in latents: so all of them are one operator B, and one step."
PATH = ("noise", "g_noise", "B", "g_data⁻¹", "f(x₀)")
SEEDS = "Noise"
SEEDS_LEAD = (
    "Each seed is a picture of white noise; this is what one step makes of fifteen of them. Pick one."
)
PLAY = "▶ play"
PAUSE = "❚❚ pause"
BACK = "And back: from pictures to their noise"
SEED = "Seed"
OTHER_SEEDS = "Other seeds"
CLASS = "Class"
ANY_CLASS = "any"
INTEGRATOR = "Integrator"
STEPS_N = "Steps N, on a logarithmic scale"
STEPS_EXACT = "N"
USUAL = "Usual numbers of steps"
N_STEPS = "The path of N steps, from t = 0 to 1"
COMPARED = "N steps, one step, their difference"
NOISE = "noise x₀"
ONE_STEP = "one step, B"
BROKEN_STEP = "one step, wrong B"
RUNNING = "running …"
B_SPECTRUM = "Spectrum of B"
B_SPECTRUM_LEAD = "Dashed: the limit of many small steps."
INVERSION = "From a picture back to its noise"
INVERSION_LEAD = "B⁺ finds the noise of any picture, also one of yours; B makes the picture again."
FILLS = "The pictures below fill"
X_NOISE = "its noise f⁺(x)"
X_BACK = "f(f⁺(x))"
BETWEEN = "The straight line between the two noises"
BETWEEN_LEAD = "Drag along it: every noise on the way is a picture, by one step each."
LINE_DIGIT = "picture f(x₀)"
LINE_NOISE = "noise x₀"
BREAK_SIMPSON = "Break it: collapse without the stages’ cross terms"
LAW_INVERSION = "inversion"


LIMIT = "the limit of many small steps"


def no_such_class(model: str, classes: int) -> str:
    if not classes:
        return f"{model} knows no classes; leave the class out (“any”)."
    return f"{model} knows the classes 0 to {classes - 1}, or “any”."


def n_steps(steps: int, method: str) -> str:
    return f"{steps} {INTEGRATORS[method]} step{'s' if steps > 1 else ''}"


def seed_note(seed: int) -> str:
    return f"seed {seed}"


def at_time(t: float) -> str:
    return f"{t:.2f}".rstrip("0").rstrip(".")


STEP_FORMULAS = {
    "euler": "I + h V(tₖ)",
    "midpoint": "I + h V(tₖ+h/2) (I + h/2 V(tₖ))",
    "rk4": "I + h/6 (K₁ + 2K₂ + 2K₃ + K₄)",
}
SIMPSON_FORMULA = "I + h/6 (V(tₖ) + 4V(tₖ+h/2) + V(tₖ+h))"
RK4_STAGES = "K₁ = V(tₖ), K₂ = V(tₖ+h/2)(I + h/2 K₁), K₃ = V(tₖ+h/2)(I + h/2 K₂), K₄ = V(tₖ+h)(I + h K₃)"


def formula(steps: int, method: str, label: int | None, broken: bool) -> str:
    """One step and what B is, with the current numbers; HTML."""
    start, step, stages = formula_parts(method, label, broken)
    product = "B = " if steps == 1 else f"B = ∏ₖ₌₀<sup>{steps - 1}</sup> "
    return (
        '<p style="font-family: var(--lab-math); margin: 8px 0 0; line-height: 1.6; overflow-wrap: anywhere">'
        f"{typeset(start)}{product}( {step} ),  h = {1 / steps:.3g}<small>{stages}</small></p>"
    )


def formula_parts(method: str, label: int | None, broken: bool = False) -> tuple[str, str, str]:
    """What of the formula no number of steps changes: up to "B =", one step, what its stages are."""
    start = "g_noise(x₀)" if label is None else f"(x₀ + ν{subscript(label)})"
    stages = RK4_STAGES if method == "rk4" and not broken else ""
    return f"x = g_data⁻¹( B {start} ),  ", SIMPSON_FORMULA if broken else STEP_FORMULAS[method], stages


def spectrum_words(first: float, last: float, rank: int, size: int) -> str:
    return (
        f"σ₁ = {first:.3g}, σ{subscript(size)} = {last:.2g}; rank {rank} of {size}. The directions of the largest "
        "values decide most of the picture."
    )


def noise_note(deviation: float) -> str:
    return f"sd {deviation:.2f}"


def one_step_formula(steps: int, method: str, decibel: float) -> str:
    found = IDENTICAL if decibel == float("inf") else f"{decibel:.0f} dB"
    return f"g_data⁻¹(B g_noise(x₀)) = {n_steps(steps, method)} from x₀, {found}"


def inversion_formula(full: bool, rank: int, size: int) -> str:
    if full:
        return "N steps from g_noise⁻¹(B⁺ g_data(x)) end in x, for x₁ and x₂"
    return f"f(f⁺(f(x₀))) = f(x₀); B has rank {rank} of {size}, so f⁺ finds only what f can make"


def superposition_formula(a: float, b: float) -> str:
    a, b = minus(a), minus(b)
    return f"N steps from {a}⊙x₀ ⊕ {b}⊙x₀′ end in {a}⊙f(x₀) ⊕ {b}⊙f(x₀′)"
