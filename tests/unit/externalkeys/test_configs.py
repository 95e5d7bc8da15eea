"""What is taken for a key of a cloud's, and when one may become another."""

import dataclasses

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import ExternalKeyId, OrganizationId
from antechamber.features.externalkeys.model import (
    AwsConfig,
    ExternalKey,
    GcpConfig,
    KeyConfig,
    aws,
    azure,
    check_display_name,
    gcp,
    pack,
    refuse_reconfiguration,
    unpack,
)

ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = "projects/acme-prod/locations/us-east1/keyRings/ante/cryptoKeys/main"
TENANT = "7f6e2a52-1c5f-4d1e-9d0e-000000000001"
VAULT = "https://acme-keys.vault.azure.net"
AZURE = (VAULT, "main", TENANT, None)


def key(config: KeyConfig) -> ExternalKey:
    return ExternalKey(ExternalKeyId("ekey_1"), OrganizationId("acme"), None, config, 1, 1)


@pytest.mark.parametrize(
    "arn",
    [
        ARN,
        "arn:aws:kms:eu-central-1:111122223333:alias/team/main",
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1",
        "arn:aws-cn:kms:cn-north-1:111122223333:key/1",
    ],
)
def test_an_arn_gives_its_region(arn: str) -> None:
    config = aws(arn, None)
    assert config == aws(arn, config.region) == AwsConfig(arn, arn.split(":")[3])


@pytest.mark.parametrize(
    "arn",
    [
        "", "key/1", "arn:aws:s3:us-east-1:111122223333:key/1", "arn:aws:kms::111122223333:key/1",
        "arn:aws:kms:us-east-1:1:key/1", "arn:aws:kms:us-east-1:111122223333:key/", f"{ARN}\n", f" {ARN}",
        "arn:aws:kms:us-east-1:111122223333:key/" + "1" * 2048,
    ],
)  # fmt: skip
def test_what_is_no_arn_is_refused(arn: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^provider_config\.kms_arn: must be "):
        aws(arn, None)


def test_another_region_than_the_arns_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"^provider_config\.region: must be us-east-1"):
        aws(ARN, "us-west-2")


@pytest.mark.parametrize("name", ["", "main", "projects/p", f"/{KEY}", f"{KEY}/cryptoKeyVersions/1", KEY.upper()])
def test_what_is_no_full_name_of_a_cloud_key_is_refused(name: str) -> None:
    assert gcp(KEY) == GcpConfig(KEY)
    with pytest.raises(InvalidRequest, match=r"^provider_config\.key_name: must be projects/"):
        gcp(name)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (("http://acme-keys.vault.azure.net", "main", TENANT, None), "vault_uri"),
        (("https://acme-keys.vault.azure.net.evil.example", "main", TENANT, None), "vault_uri"),
        (("https://10.0.0.1", "main", TENANT, None), "vault_uri"),
        ((VAULT, "", TENANT, None), "key_name"),
        ((VAULT, "a_b", TENANT, None), "key_name"),
        ((VAULT, "main", "acme", None), "tenant_id"),
        ((VAULT, "main", "{" + TENANT + "}", None), "tenant_id"),
        ((VAULT, "main", TENANT, "x"), "client_id"),
    ],
)
def test_what_is_no_vault_key_tenant_or_application_is_refused(
    config: tuple[str, str, str, str | None], field: str
) -> None:
    with pytest.raises(InvalidRequest, match=rf"^provider_config\.{field}: must be "):
        azure(*config)


def test_a_vault_is_kept_without_its_slash() -> None:
    assert azure(f"{VAULT}/", "main", TENANT, TENANT).vault_uri == VAULT
    assert azure("https://acme.managedhsm.azure.net", "main", TENANT, None).client_id is None


@pytest.mark.parametrize("config", [aws(ARN, None), gcp(KEY), azure(*AZURE), azure(VAULT, "main", TENANT, TENANT)])
def test_what_was_packed_is_unpacked_whole(config: KeyConfig) -> None:
    assert pack(config)["type"] in {"aws", "gcp", "azure"}
    assert unpack(pack(config)) == config


def test_a_key_that_is_in_use_keeps_its_configuration() -> None:
    known = key(aws(ARN, None))
    refuse_reconfiguration(known, aws(ARN, None), attached=True)
    refuse_reconfiguration(known, azure(*AZURE), attached=False)
    with pytest.raises(InvalidRequest, match="is attached to a workspace"):
        refuse_reconfiguration(known, gcp(KEY), attached=True)


def test_a_google_cloud_key_keeps_provider_and_name() -> None:
    known = key(gcp(KEY))
    refuse_reconfiguration(known, gcp(KEY), attached=False)
    for config in (dataclasses.replace(gcp(KEY), key_name=f"{KEY}2"), aws(ARN, None)):
        with pytest.raises(InvalidRequest, match="Google Cloud key"):
            refuse_reconfiguration(known, config, attached=False)


def test_a_display_name_is_trimmed_and_may_be_none() -> None:
    assert (check_display_name(" Prod "), check_display_name(None)) == ("Prod", None)
    for name in ("", " ", "x" * 256, "a\nb"):
        with pytest.raises(InvalidRequest, match=r"^display_name: "):
            check_display_name(name)
