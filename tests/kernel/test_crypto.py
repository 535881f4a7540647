import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.crypto import DecryptionFailed, UnknownKey

OLD = ("k1", bytes(range(32)))
NEW = ("k2", bytes(range(32, 64)))
INDEX_KEY = bytes(range(64, 96))
PHONE_OF_7 = "identity_members.phone:7"


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto._Installed, "ring", None)
    crypto.configure(keys=[NEW, OLD], index_key=INDEX_KEY)


def written_with(key: tuple[str, bytes], plain: str) -> str:
    crypto.configure(keys=[key], index_key=INDEX_KEY)
    cipher = crypto.encrypt(plain, context=PHONE_OF_7)
    crypto.configure(keys=[NEW, OLD], index_key=INDEX_KEY)
    return cipher


class TestFields:
    @pytest.mark.parametrize("plain", ["13812348000", "", "张三丰 🌱", "x" * 10_000])
    def test_a_field_reads_back_in_its_context(self, plain: str) -> None:
        assert crypto.decrypt(crypto.encrypt(plain, context=PHONE_OF_7), context=PHONE_OF_7) == plain

    def test_a_ciphertext_names_its_key_and_hides_the_text(self) -> None:
        cipher = crypto.encrypt("13812348000", context=PHONE_OF_7)

        assert cipher.startswith("v1.k2.")
        assert "1381" not in cipher

    def test_the_same_text_never_encrypts_alike(self) -> None:
        ciphers = {crypto.encrypt("13812348000", context=PHONE_OF_7) for _ in range(100)}

        assert len(ciphers) == 100

    def test_a_field_moved_to_another_row_cannot_be_read(self) -> None:
        cipher = crypto.encrypt("13812348000", context=PHONE_OF_7)

        with pytest.raises(DecryptionFailed):
            crypto.decrypt(cipher, context="identity_members.phone:8")

    def test_a_field_relabelled_with_another_key_id_cannot_be_read(self) -> None:
        cipher = crypto.encrypt("13812348000", context=PHONE_OF_7)

        with pytest.raises(DecryptionFailed):
            crypto.decrypt(cipher.replace("v1.k2.", "v1.k1."), context=PHONE_OF_7)

    @given(st.integers(0, 10_000), st.integers(1, 255))
    def test_a_changed_byte_is_noticed(self, position: int, flip: int) -> None:
        head, _, body = crypto.encrypt("13812348000", context=PHONE_OF_7).rpartition(".")
        sealed = bytearray(crypto._from_base64(body))
        sealed[position % len(sealed)] ^= flip

        with pytest.raises(DecryptionFailed):
            crypto.decrypt(f"{head}.{crypto._to_base64(bytes(sealed))}", context=PHONE_OF_7)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "plain",
            "v1",
            "v1.k2",
            "v1.k2.",
            "v1.k2.AAAA",
            "v1.k2.!!!",
            "v1.k2.A",
            "v2.k2.AAAA",
            "v1.k2.碳",
        ],
    )
    def test_what_is_no_ciphertext_cannot_be_read(self, text: str) -> None:
        with pytest.raises(DecryptionFailed):
            crypto.decrypt(text, context=PHONE_OF_7)

    def test_an_unknown_key_id_is_said_so(self) -> None:
        with pytest.raises(UnknownKey):
            crypto.decrypt(crypto.encrypt("x", context="c").replace("k2", "k9"), context="c")


class TestRotation:
    def test_the_first_key_writes_and_the_others_still_read(self) -> None:
        cipher = written_with(OLD, "13812348000")

        assert crypto.decrypt(cipher, context=PHONE_OF_7) == "13812348000"
        assert crypto.needs_rotation(cipher)
        assert not crypto.needs_rotation(crypto.encrypt("13812348000", context=PHONE_OF_7))

    def test_a_retired_key_reads_nothing(self) -> None:
        cipher = written_with(OLD, "13812348000")
        crypto.configure(keys=[NEW], index_key=INDEX_KEY)

        with pytest.raises(UnknownKey):
            crypto.decrypt(cipher, context=PHONE_OF_7)


class TestBlindIndex:
    def test_it_is_stable_and_depends_on_value_and_purpose(self) -> None:
        found = crypto.blind_index("13812348000", purpose="phone")

        assert found == crypto.blind_index("13812348000", purpose="phone")
        assert len(found) == 32
        assert found != crypto.blind_index("13812348001", purpose="phone")
        assert found != crypto.blind_index("13812348000", purpose="identity_number")

    def test_it_survives_the_rotation_of_field_keys(self) -> None:
        found = crypto.blind_index("13812348000", purpose="phone")
        crypto.configure(keys=[OLD], index_key=INDEX_KEY)

        assert crypto.blind_index("13812348000", purpose="phone") == found

    def test_it_has_a_key_of_its_own(self) -> None:
        found = crypto.blind_index("13812348000", purpose="phone")
        crypto.configure(keys=[NEW, OLD], index_key=bytes(32))

        assert crypto.blind_index("13812348000", purpose="phone") != found


class TestTickets:
    def test_a_signature_verifies_with_the_public_key_alone(self) -> None:
        kid, signature = crypto.sign(b"ticket")

        crypto.verify_key(kid).verify(signature, b"ticket")
        assert kid == "k2"
        assert len(signature) == 64

    def test_an_older_key_still_verifies(self) -> None:
        _, key = crypto.signing_key("k1")

        assert crypto.is_signed(b"ticket", kid="k1", signature=key.sign(b"ticket"))

    def test_a_changed_ticket_another_key_or_an_unknown_key_is_refused(self) -> None:
        kid, signature = crypto.sign(b"ticket")

        assert crypto.is_signed(b"ticket", kid=kid, signature=signature)
        assert not crypto.is_signed(b"ticket!", kid=kid, signature=signature)
        assert not crypto.is_signed(b"ticket", kid="k1", signature=signature)
        assert not crypto.is_signed(b"ticket", kid="k9", signature=signature)
        assert not crypto.is_signed(b"ticket", kid=kid, signature=b"short")

    def test_the_same_secret_gives_every_host_the_same_key(self) -> None:
        before = crypto.verify_key("k1").public_bytes_raw()
        crypto.configure(keys=[OLD], index_key=INDEX_KEY)

        assert crypto.verify_key("k1").public_bytes_raw() == before

    def test_purposes_share_no_key_material(self) -> None:
        _, key = crypto.signing_key("k1")

        assert key.private_bytes_raw() not in {OLD[1], crypto._derive(OLD[1], "field")}


class TestConfiguration:
    @pytest.mark.parametrize(
        ("keys", "index_key"),
        [
            ([], INDEX_KEY),
            ([("k1", b"short")], INDEX_KEY),
            ([OLD], b"short"),
            ([OLD, ("k1", NEW[1])], INDEX_KEY),
            ([OLD, ("k2", OLD[1])], INDEX_KEY),
            ([OLD], OLD[1]),
            ([("", OLD[1])], INDEX_KEY),
            ([("k.1", OLD[1])], INDEX_KEY),
        ],
    )
    def test_weak_repeated_or_misnamed_keys_are_refused(
        self, keys: list[tuple[str, bytes]], index_key: bytes
    ) -> None:
        with pytest.raises(ValueError, match="key"):
            crypto.configure(keys=keys, index_key=index_key)

    def test_nothing_works_before_it_is_configured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(crypto._Installed, "ring", None)

        with pytest.raises(RuntimeError):
            crypto.encrypt("x", context="c")


class TestMasks:
    @pytest.mark.parametrize(
        ("phone", "shown"),
        [
            ("13812348000", "138****8000"),
            ("+8613812348000", "+86****8000"),
            ("84851234", "****34"),
            ("12345", "****45"),
            ("1234", "****"),
            ("12", "**"),
            ("", ""),
        ],
    )
    def test_a_phone_shows_its_ends(self, phone: str, shown: str) -> None:
        assert crypto.mask_phone(phone) == shown

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("张三丰", "张**"),
            ("张三", "张*"),
            ("欧阳修", "欧**"),
            (" 张三 ", "张*"),
            ("张", "*"),
            ("", ""),
            ("阿卜杜拉·买买提", "阿***"),
        ],
    )
    def test_a_name_shows_its_first_character(self, name: str, shown: str) -> None:
        assert crypto.mask_name(name) == shown

    @pytest.mark.parametrize(
        ("number", "shown"),
        [
            ("22010219900101123X", "2****************X"),
            ("E12345678", "E*******8"),
            ("1234", "****"),
            ("", ""),
        ],
    )
    def test_an_identity_number_shows_its_outermost_characters(self, number: str, shown: str) -> None:
        assert crypto.mask_id_number(number) == shown

    @given(st.text(max_size=40))
    def test_no_mask_shows_more_than_half_of_a_long_text(self, text: str) -> None:
        for mask in (crypto.mask_phone, crypto.mask_name, crypto.mask_id_number):
            shown = sum(1 for char in mask(text) if char != "*")
            assert shown <= max(7 if len(text) >= 11 else 2, 0)
