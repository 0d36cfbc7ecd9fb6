// Writes the field tables beside this file: of each kind that k8s/ uses every field, its type, and whether it is required.
//
//   cd tests/manifests/types
//   npm install --no-save --prefix /tmp/types oldest@npm:@kubernetes/client-node@0.18.1 native@npm:@kubernetes/client-node@0.21.0 \
//     newest@npm:@kubernetes/client-node@2.0.1 operator@npm:@kubernetes-models/prometheus-operator@6.0.0
//   node generate.mjs /tmp/types/node_modules
//
// Only whoever changes the pinned versions needs node and npm; the tests read the tables. A type is one line:
// "name!" is a required field, [T] a list of T, {T} a mapping to T.
import fs from 'node:fs';
import path from 'node:path';

const root = process.argv[2];
if (!root) throw new Error('usage: node generate.mjs NODE_MODULES');

const kinds = {
  'v1 Pod': 'V1Pod', 'v1 Service': 'V1Service', 'v1 ServiceAccount': 'V1ServiceAccount', 'v1 ConfigMap': 'V1ConfigMap',
  'v1 Secret': 'V1Secret', 'v1 Namespace': 'V1Namespace', 'apps/v1 Deployment': 'V1Deployment',
  'apps/v1 StatefulSet': 'V1StatefulSet', 'apps/v1 DaemonSet': 'V1DaemonSet', 'apps/v1 ReplicaSet': 'V1ReplicaSet',
  'batch/v1 Job': 'V1Job', 'batch/v1 CronJob': 'V1CronJob', 'policy/v1 PodDisruptionBudget': 'V1PodDisruptionBudget',
  'networking.k8s.io/v1 NetworkPolicy': 'V1NetworkPolicy',
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': 'V1MutatingWebhookConfiguration',
};
const operatorKinds = { 'monitoring.coreos.com/v1 PodMonitor': 'PodMonitor', 'monitoring.coreos.com/v1 PrometheusRule': 'PrometheusRule' };
const scalars = new Set(['string', 'number', 'boolean', 'any', 'IntOrString']);

// The name of a type in the tables, and of what it refers to.
function short(type) {
  const list = /^Array<(.*)>$/.exec(type);
  if (list) return `[${short(list[1])}]`;
  const map = /^\{ \[key: string\]: (\w+);? \}$/.exec(type);
  if (map) return `{${short(map[1])}}`;
  if (/^Set<string>$/.test(type)) return '[string]';
  if (type === 'Date' || type === 'V1MicroTime') return 'string';
  return type === 'object' || type === 'Uint8Array' ? 'any' : type;
}
const named = (type) => type.replace(/^[[{]+|[\]}]+$/g, '');

// Fields of a type of @kubernetes/client-node; the declaration says which are required.
function client(folder) {
  const gen = path.join(folder, 'dist/gen');
  const models = path.join(gen, fs.existsSync(path.join(gen, 'models')) ? 'models' : 'model');
  const files = new Map(fs.readdirSync(models).map((name) => [name.toLowerCase(), path.join(models, name)]));
  const text = (type, ending) => fs.readFileSync(files.get(`${type}.${ending}`.toLowerCase()), 'utf8');
  return (type) => {
    const map = /attributeTypeMap = (\[[^]*?\n\]);/.exec(text(type, 'js'))[1];
    const required = new Set([...text(type, 'd.ts').matchAll(/^ {4}'(\w+)':/gm)].map((match) => match[1]));
    return JSON.parse(map).map((one) => [one.baseName, short(one.type), required.has(one.name)]);
  };
}

// Fields of a type of @kubernetes-models: the members of its interface, which stand four blanks deep.
function operator(folder) {
  const models = path.join(folder, 'monitoring.coreos.com/v1');
  return (type) => {
    const text = fs.readFileSync(path.join(models, `${type}.d.ts`), 'utf8');
    const body = new RegExp(`export interface I${type}\\b[^{]*\\{\\n([^]*?)\\n\\}`).exec(text);
    if (!body) return null;  // an alias of a scalar
    const flat = body[1].replace(/\{\n\s+\[key: string\]: (\w+);\n\s+\}/g, '{ [key: string]: $1 }');
    return [...flat.matchAll(/^ {4}"(\w+)"(\??): ([^]*?);$/gm)].map(([, name, optional, declared]) => {
      const one = declared.replaceAll(/I?ComGithub\w+?MonitoringV1/g, '').replace(/^\(?(.*?)\)?$/, '$1');
      const plain = /^("[^"]*"( \| )?)+$/.test(one) ? 'string' : one.includes('ObjectMeta') ? 'V1ObjectMeta' : one;
      const loose = /LabelSelector\b/.test(plain) && !/^Array/.test(plain) ? 'V1LabelSelector' : plain;
      const beyond = loose.startsWith('IIoK8s') || (/[{|&]/.test(loose) && !loose.startsWith('{ [key'));
      return [name, beyond ? 'any' : short(loose), !optional];
    });
  };
}

function reach(start, fieldsOf, known) {
  const types = {};
  const left = [...start];
  while (left.length) {
    const type = left.pop();
    if (types[type] || scalars.has(type) || known.has(type)) continue;
    const fields = fieldsOf(type)?.map((one) => (one[0] === 'status' ? ['status', 'any', false] : one));
    types[type] = fields ? Object.fromEntries(fields.map(([name, what, required]) => [name + (required ? '!' : ''), what])) : 'any';
    if (fields) left.push(...fields.map((one) => named(one[1])));
  }
  return types;
}

function write(file, head, types) {
  const lines = Object.keys(types).sort().map((type) => `  ${JSON.stringify(type)}: ${JSON.stringify(types[type])}`);
  const top = Object.entries(head).map(([key, value]) => ` ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`).join('');
  fs.writeFileSync(file, `{\n${top} "types": {\n${lines.join(',\n')}\n }\n}\n`);
  console.log(`${file}: ${lines.length} types`);
}

const source = (folder) => {
  const about = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return `${about.name} ${about.version}`;
};
for (const name of ['oldest', 'native', 'newest']) {
  const folder = path.join(root, name);
  const sample = fs.readdirSync(path.join(folder, 'dist/gen'), { recursive: true }).find((file) => /\/[vV]1Pod\.js$/.test(file));
  const release = /release-(\d+\.\d+)/.exec(fs.readFileSync(path.join(folder, 'dist/gen', sample), 'utf8'))[1];
  write(`kubernetes-${release}.json`, { release, source: source(folder), kinds }, reach(Object.values(kinds), client(folder), new Set()));
}
const folder = path.join(root, 'operator');
write('prometheus-operator.json', { source: source(folder), kinds: operatorKinds },
  reach(Object.values(operatorKinds), operator(folder), new Set(['V1ObjectMeta', 'V1LabelSelector'])));
