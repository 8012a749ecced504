"""Every key of ``people.yaml``: its kind, default and explanation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailtrack.config.kinds import ITEMS_MAX, MailAddresses, Name, Section, Text, Texts
from mailtrack.desk.policy import Role


class AgentSection(Section):
    """One agent."""

    name: Name | None = Field(
        None, description="The name that customers see. Default: the key, capitalised."
    )
    email: MailAddresses = Field(
        description="The agent's addresses; letters go to the first. An agent is known by any.",
        min_length=1,
        examples=["ivan@help.example"],
    )
    role: Role = Field(
        Role.AGENT,
        description="light: may write notes only. agent: works tickets. lead: hears of "
        "escalations. admin: may all. Each may what the ones before may.",
    )
    queues: Texts | None = Field(
        None,
        description="The queues whose new tickets the agent hears of. "
        "Default: all for roles agent and lead, none for light and admin.",
    )
    skills: Texts = Field((), description="Words that rules may assign by: {skill: sip}.")
    language: Name | None = Field(
        None, description="The language of letters to the agent. Default: desk.language."
    )
    active: bool = Field(
        True, description="false: the agent has left; nothing goes to them, history stays."
    )
    tickets_max: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Rules assign no more open tickets than this. Default: no bound."
    )


class CustomerSection(Section):
    """What is known of some customers."""

    match: Text = Field(
        description="A domain (acme.example), an address, or a pattern (*@*.acme.example).",
        examples=["acme.example"],
    )
    also: MailAddresses = Field(
        (),
        description="Other addresses of the same person, if match is one address: mail from "
        "any of them is hers, and she may answer with one what we wrote to another.",
    )
    organisation: Name | None = Field(None, description="The organisation they belong to.")
    type: Name | None = Field(
        None, description="A word of yours, such as vip; rules and promises can ask for it."
    )
    language: Name | None = Field(
        None, description="The language of letters to them. Default: that of their own mail."
    )
    sla: Name | None = Field(
        None, description="The policy of sla.yaml that holds for them, whatever else it says."
    )


class PeopleFile(Section):
    """people.yaml: the agents, and what is known of customers."""

    agents: dict[str, AgentSection] = Field(
        default_factory=dict,
        description="Agents by the short name that commands use: [assign:ivan].",
        max_length=ITEMS_MAX,
    )
    customers: tuple[CustomerSection, ...] = Field(
        (),
        description="What is known of customers; the first entry that matches decides.",
        max_length=ITEMS_MAX,
    )
