"""An OpenAPI 3.1 document: whether it is well formed, and whether an answer is what it says."""
import json
import re

import jsonschema
import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
EXTENSION = re.compile(r"^x-")
# Members of each kind of object: those that must be there, those that may.
KINDS = {
    "document": (["openapi", "info", "paths"], ["servers", "security", "tags", "components"]),
    "info": (["title", "version"], ["summary", "description"]),
    "path": ([], [*METHODS, "parameters", "summary", "description"]),
    "operation": (["operationId", "summary", "responses"], ["tags", "description", "parameters", "requestBody"]),
    "parameter": (["name", "in", "schema"], ["description", "required", "examples"]),
    "body": (["content"], ["description", "required"]),
    "media": (["schema"], ["examples"]),
    "response": (["description"], ["headers", "content"]),
    "header": (["schema"], ["description", "required"]),
    "example": (["value"], ["summary", "description"]),
    "components": ([], ["schemas", "responses", "parameters", "headers"]),
}


class Operation:
    def __init__(self, path, method, own, parameters):
        self.path, self.method, self.own, self.parameters = path, method, own, parameters
        self.id, self.responses = own["operationId"], own["responses"]

    def media(self):
        """The media types of the request's content."""
        return self.own.get("requestBody", {}).get("content", {})


class Document:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = yaml.safe_load(file)

    def resolve(self, value):
        """What a `$ref` stands for; KeyError when it leads nowhere."""
        while isinstance(value, dict) and set(value) == {"$ref"}:
            target = self.root
            for name in value["$ref"].removeprefix("#/").split("/"):
                target = target[name.replace("~1", "/").replace("~0", "~")]
            value = target
        return value

    def operations(self):
        return [Operation(path, method, item[method], [self.resolve(one) for one in item.get("parameters", []) + item[method].get("parameters", [])])
                for path, item in self.root["paths"].items() for method in item if method in METHODS]

    def faults_of_schema(self, schema, value):
        validator = jsonschema.Draft202012Validator({**schema, "components": self.root["components"]})
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    # --- the document itself

    def faults(self):
        found = []
        self.check_references(self.root, "#", found)
        if found:
            return found
        check = self.checker(found)
        check("document", self.root, "#")
        check("info", self.root["info"], "info")
        check("components", self.root["components"], "components")
        if not re.fullmatch(r"3\.1\.\d+", self.root["openapi"]):
            found.append(f"openapi {self.root['openapi']}")
        for name, schema in self.root["components"]["schemas"].items():
            self.check_schema(schema, f"schema {name}", found)
        for path, item in self.root["paths"].items():
            check("path", item, path)
            if not path.startswith("/"):
                found.append(f"{path} does not start with /")
        operations = self.operations()
        for operation in operations:
            self.check_operation(operation, check, found)
        ids = [operation.id for operation in operations]
        return found + [f"operationId {one} appears twice" for one in set(ids) if ids.count(one) > 1]

    @staticmethod
    def checker(found):
        def check(kind, value, where):
            must, may = KINDS[kind]
            found.extend(f"{where} lacks {name}" for name in must if name not in value)
            found.extend(f"{where} has {name}" for name in value if name not in must + may and not EXTENSION.match(name))
            return value
        return check

    def check_references(self, value, where, found):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
            self.check_references(inner, f"{where}/{key}", found)
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            try:
                self.resolve({"$ref": value["$ref"]})
            except (KeyError, TypeError):
                found.append(f"{where}: {value['$ref']} leads nowhere")

    @staticmethod
    def check_schema(schema, where, found):
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            found.append(f"{where}: {error.message}")

    def check_operation(self, operation, check, found):
        where = f"{operation.method} {operation.path}"
        check("operation", operation.own, where)
        for parameter in operation.parameters:
            check("parameter", parameter, f"{where} parameter")
            self.check_schema(parameter["schema"], f"{where} {parameter['name']}", found)
        templated = re.findall(r"\{(\w+)\}", operation.path)
        declared = [one["name"] for one in operation.parameters if one["in"] == "path" and one.get("required")]
        if sorted(templated) != sorted(declared):
            found.append(f"{where}: the path has {templated}, declared are {declared}")
        if "requestBody" in operation.own:
            check("body", operation.own["requestBody"], f"{where} body")
            self.check_media(operation.media(), f"{where} body", check, found)
        for status, response in operation.responses.items():
            response = check("response", self.resolve(response), f"{where} {status}")
            if not re.fullmatch(r"[2-5]\d\d", str(status)) or not isinstance(status, str):
                found.append(f"{where}: {status!r} is no quoted status")
            self.check_media(response.get("content", {}), f"{where} {status}", check, found, examples_are_valid=True)
            for name, header in response.get("headers", {}).items():
                check("header", self.resolve(header), f"{where} {status} {name}")

    def check_media(self, content, where, check, found, examples_are_valid=False):
        for media in content.values():
            check("media", media, where)
            self.check_schema(media["schema"], where, found)
            for name, example in media.get("examples", {}).items():
                check("example", example, f"{where} example {name}")
                if examples_are_valid:
                    found.extend(f"{where} example {name}: {fault}" for fault in self.faults_of_schema(media["schema"], example["value"]))

    # --- an answer

    def faults_of_answer(self, operation, response):
        """`response`: as read by wire.Client."""
        documented = operation.responses.get(str(response.status))
        if documented is None:
            return [f"{operation.id}: {response.status} is not documented: {response.content[:200]!r}"]
        return [f"{operation.id} {response.status}: {fault}" for fault in self.faults_of_response(documented, response, operation.method == "head")]

    def faults_of_response(self, documented, response, is_head=False):
        documented, found = self.resolve(documented), []
        for name, header in documented.get("headers", {}).items():
            found += self.faults_of_header(name, self.resolve(header), response.header(name))
        if is_head:
            return found + ([f"HEAD has content {response.content!r}"] if response.content else [])
        media = documented["content"].get(response.header("content-type"))
        if media is None:
            return found + [f"content-type {response.header('content-type')}"]
        try:
            return found + self.faults_of_schema(media["schema"], json.loads(response.content))
        except ValueError:
            return found + [f"no JSON: {response.content[:200]!r}"]

    def faults_of_header(self, name, header, value):
        if value is None:
            return [f"{name} is missing"] if header.get("required") else []
        if header["schema"].get("type") == "integer" and value.isdigit():
            value = int(value)
        return [f"{name}: {fault}" for fault in self.faults_of_schema(header["schema"], value)]
