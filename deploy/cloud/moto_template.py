"""stack.yaml as moto's server can create it: `moto_template.py STACK [PARAMETER=VALUE…]` prints JSON.

moto confuses conditional resources when a stack is updated, has no Fn::Cidr, requires a service role and a repository name
that AWS does not, and silently leaves out types it has no model for. So conditions and address ranges are decided here, the
two are added, and the types left out are named on stderr.
"""

import ipaddress
import json
import sys

import yaml
from moto.cloudformation.parsing import get_model_map

NO_VALUE = {"Ref": "AWS::NoValue"}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Sub x` is `{"Fn::Sub": x}`."""


def _short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix: value}


Loader.add_multi_constructor("!", _short_form)


def load(path):
    """The template at `path` as plain values."""
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader)  # noqa: S506 - a SafeLoader


def parameters(template, given):
    """Every parameter's value as text: the given one, else the default."""
    unknown = set(given) - set(template["Parameters"])
    if unknown:
        raise SystemExit(f"moto_template.py: no such parameter: {', '.join(sorted(unknown))}")
    return {name: str(given.get(name, slot.get("Default", ""))) for name, slot in template["Parameters"].items()}


class Decider:
    """Conditions, Fn::If and Fn::Cidr under given parameter values."""

    def __init__(self, template, values):
        self.conditions, self.values = template["Conditions"], {"AWS::Partition": "aws", **values}

    def holds(self, name):
        return self._truth(self.conditions[name])

    def _truth(self, expression):
        (operator, operands), = expression.items()
        if operator == "Condition":
            return self.holds(operands)
        if operator == "Fn::Equals":
            left, right = (str(self.values[o["Ref"]]) if isinstance(o, dict) else str(o) for o in operands)
            return left == right
        truths = [self._truth(operand) for operand in operands]
        return {"Fn::And": all, "Fn::Or": any, "Fn::Not": lambda t: not t[0]}[operator](truths)

    def resolve(self, value):
        """`value` without Fn::If, Fn::Cidr and AWS::NoValue."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if "Fn::If" in value:
            name, yes, no = value["Fn::If"]
            return self.resolve(yes if self.holds(name) else no)
        if "Fn::Cidr" in value:
            block, count, bits = value["Fn::Cidr"]
            network = ipaddress.ip_network(self.values[block["Ref"]])
            return [str(n) for n in network.subnets(new_prefix=32 - int(bits))][: int(count)]
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item != NO_VALUE}


def without(value, missing):
    """`value` with every reference to a resource in `missing` replaced by that resource's name."""
    if isinstance(value, list):
        return [without(item, missing) for item in value]
    if isinstance(value, str):
        for name in missing:
            value = value.replace("${" + name + "}", name)
        return value
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in missing:
        return value["Ref"]
    if isinstance(value.get("Fn::GetAtt"), list) and value["Fn::GetAtt"][0] in missing:
        return value["Fn::GetAtt"][0]
    return {key: without(item, missing) for key, item in value.items()}


def for_moto(path, given, leave_out=()):
    """The template that moto gets, and a {name: type} of the resources that it does not."""
    template = load(path)
    decide = Decider(template, parameters(template, given))

    def present(section):
        return {
            name: decide.resolve({key: item for key, item in entry.items() if key != "Condition"})
            for name, entry in section.items()
            if "Condition" not in entry or decide.holds(entry["Condition"])
        }

    resources = present(template["Resources"])
    supported = set(get_model_map()) - set(leave_out)
    skipped = {name: entry["Type"] for name, entry in resources.items() if entry["Type"] not in supported}
    kept = {name: entry for name, entry in resources.items() if name not in skipped}
    if "ComputeEnvironment" in kept:
        kept["ComputeEnvironment"]["Properties"]["ServiceRole"] = {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
    if "Repository" in kept:
        kept["Repository"]["Properties"]["RepositoryName"] = "ml-serverless"
    if "ApiInvokesPredict" in kept:
        # moto looks the function up, and has no alias.
        kept["ApiInvokesPredict"]["Properties"]["FunctionName"] = {"Ref": "PredictFunction"}
    outputs = present(template["Outputs"])
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": template["Parameters"],
        "Mappings": template["Mappings"],
        "Resources": without(kept, skipped),
        "Outputs": without(outputs, skipped),
    }, skipped


def main(arguments):
    if not arguments:
        raise SystemExit("usage: moto_template.py STACK [PARAMETER=VALUE…]")
    template, skipped = for_moto(arguments[0], dict(pair.split("=", 1) for pair in arguments[1:]))
    for name, kind in sorted(skipped.items()):
        print(f"moto_template.py: {name}: moto has no {kind}", file=sys.stderr)
    json.dump(template, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
