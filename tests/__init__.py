import pytest

pytest.register_assert_rewrite(
    "tests.factories", "tests.engine.factories", "tests.model_selection.factories"
)
