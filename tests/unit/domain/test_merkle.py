"""Merkle trees against the public vectors and against the recursive definitions of RFC 9162, 2.1."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.merkle import (
    SM3_TREE,
    Frontier,
    TreeHasher,
    consistency_proof,
    inclusion_proof,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from signing.sm2 import sm3
from tests.conftest import VECTORS

SHA256_TREE = TreeHasher(lambda data: hashlib.sha256(data).digest())
PUBLIC = json.loads((VECTORS / "merkle" / "rfc6962.json").read_text())
LEAVES = [bytes.fromhex(leaf) for leaf in PUBLIC["leaves"]]
sizes = st.integers(1, 700)


def public_nodes(level, index):
    return bytes.fromhex(PUBLIC["nodes"][level][index])


def unhex(values):
    return [bytes.fromhex(value) for value in values]


def split(size):
    """RFC 9162, 2.1.1: the largest power of two smaller than the size."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def naive_root(hasher, leaves):
    if not leaves:
        return hasher.empty()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hasher.node(naive_root(hasher, leaves[:k]), naive_root(hasher, leaves[k:]))


def naive_path(hasher, index, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*naive_path(hasher, index, leaves[:k]), naive_root(hasher, leaves[k:])]
    return [*naive_path(hasher, index - k, leaves[k:]), naive_root(hasher, leaves[:k])]


def naive_subproof(hasher, old, leaves, is_whole):
    if old == len(leaves):
        return [] if is_whole else [naive_root(hasher, leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*naive_subproof(hasher, old, leaves[:k], is_whole), naive_root(hasher, leaves[k:])]
    return [*naive_subproof(hasher, old - k, leaves[k:], False), naive_root(hasher, leaves[:k])]


def leaf_hashes(size):
    return [SM3_TREE.leaf(str(number).encode()) for number in range(size)]


def reader(leaves, most=None):
    """Complete subtrees over leaf hashes; counts what is read."""
    read = []

    def nodes(level, index):
        read.append((level, index))
        part = leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level
        return SM3_TREE.complete(part)

    nodes.read = read
    return nodes


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_public_ones(size):
    expected = bytes.fromhex(PUBLIC["roots"][size])
    assert tree_root(SHA256_TREE, size, public_nodes) == expected
    frontier = Frontier(SHA256_TREE)
    for leaf in LEAVES[:size]:
        frontier.append(SHA256_TREE.leaf(leaf))
    assert frontier.root() == expected


@pytest.mark.parametrize("vector", PUBLIC["inclusion"], ids=str)
def test_inclusion_proofs_are_the_public_ones(vector):
    index, size, proof = vector["index"], vector["size"], unhex(vector["proof"])
    assert inclusion_proof(SHA256_TREE, index, size, public_nodes) == proof
    root = bytes.fromhex(PUBLIC["roots"][size])
    assert verify_inclusion(SHA256_TREE, SHA256_TREE.leaf(LEAVES[index]), index, size, proof, root)


@pytest.mark.parametrize("vector", PUBLIC["consistency"], ids=str)
def test_consistency_proofs_are_the_public_ones(vector):
    old, new, proof = vector["old"], vector["new"], unhex(vector["proof"])
    assert consistency_proof(SHA256_TREE, old, new, public_nodes) == proof
    roots = [bytes.fromhex(PUBLIC["roots"][size]) for size in (old, new)]
    assert verify_consistency(SHA256_TREE, old, new, proof, *roots)


def test_the_empty_tree_has_the_root_of_nothing():
    assert Frontier(SM3_TREE).root() == sm3(b"")


@given(sizes, st.data())
def test_inclusion_agrees_with_the_recursive_definition(size, data):
    leaves, index = leaf_hashes(size), data.draw(st.integers(0, size - 1))
    nodes = reader(leaves)
    proof = inclusion_proof(SM3_TREE, index, size, nodes)
    assert proof == naive_path(SM3_TREE, index, leaves)
    assert len(nodes.read) <= 2 * size.bit_length()
    root = naive_root(SM3_TREE, leaves)
    assert tree_root(SM3_TREE, size, reader(leaves)) == root
    assert verify_inclusion(SM3_TREE, leaves[index], index, size, proof, root)


@given(sizes, st.data())
def test_consistency_agrees_with_the_recursive_definition(new, data):
    leaves, old = leaf_hashes(new), data.draw(st.integers(1, new))
    nodes = reader(leaves)
    proof = consistency_proof(SM3_TREE, old, new, nodes)
    assert proof == naive_subproof(SM3_TREE, old, leaves, True)
    assert len(nodes.read) <= 3 * new.bit_length()
    assert verify_consistency(
        SM3_TREE, old, new, proof, naive_root(SM3_TREE, leaves[:old]), naive_root(SM3_TREE, leaves)
    )


@given(st.integers(2, 300), st.data())
def test_nothing_but_the_right_inclusion_proof_is_taken(size, data):
    leaves, index = leaf_hashes(size), data.draw(st.integers(0, size - 1))
    proof, root = naive_path(SM3_TREE, index, leaves), naive_root(SM3_TREE, leaves)
    at = data.draw(st.integers(0, len(proof) - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    bent = [*proof[:at], sm3(proof[at]), *proof[at + 1 :]]
    for wrong in (bent, proof[:at] + proof[at + 1 :], [*proof, proof[at]], [proof[at], *proof]):
        assert not verify_inclusion(SM3_TREE, leaves[index], index, size, wrong, root)
    assert not verify_inclusion(SM3_TREE, leaves[other], index, size, proof, root)
    assert not verify_inclusion(SM3_TREE, leaves[index], index, size, proof, sm3(root))
    assert not verify_inclusion(SM3_TREE, leaves[index], size, size, proof, root)


@given(st.integers(2, 300), st.data())
def test_nothing_but_the_right_consistency_proof_is_taken(new, data):
    leaves, old = leaf_hashes(new), data.draw(st.integers(1, new - 1))
    proof = naive_subproof(SM3_TREE, old, leaves, True)
    roots = naive_root(SM3_TREE, leaves[:old]), naive_root(SM3_TREE, leaves)
    at = data.draw(st.integers(0, len(proof) - 1))
    bent = [*proof[:at], sm3(proof[at]), *proof[at + 1 :]]
    for wrong in (bent, proof[:at] + proof[at + 1 :], [*proof, proof[at]], []):
        assert not verify_consistency(SM3_TREE, old, new, wrong, *roots)
    assert not verify_consistency(SM3_TREE, old, new, proof, sm3(roots[0]), roots[1])
    assert not verify_consistency(SM3_TREE, old, new, proof, roots[0], sm3(roots[1]))
    assert not verify_consistency(SM3_TREE, new, old, proof, *roots)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 4)])
def test_a_leaf_outside_the_tree_has_no_proof(index, size):
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(SM3_TREE, index, size, public_nodes)


@pytest.mark.parametrize(("old", "new"), [(0, 4), (5, 4)])
def test_sizes_out_of_order_have_no_consistency_proof(old, new):
    with pytest.raises(ValueError, match="no consistency"):
        consistency_proof(SM3_TREE, old, new, public_nodes)
