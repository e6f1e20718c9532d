import t from 'tap';
import {
  applySchema,
  CONTAINER_SCHEMA,
  IMAGE_SCHEMA,
  renderInspect,
  renderTemplate,
} from '../../lib/template/index.js';
import { readCorpus } from '../fixtures/corpora.js';

interface TemplateCase {
  template: string;
  doc: string | null;
  from: string;
  output?: string;
  error?: string;
  parse_error?: string;
}
interface TemplateCorpus {
  docs: Record<string, { kind: 'image' | 'container'; doc: unknown }>;
  cases: TemplateCase[];
}

const corpus = readCorpus<TemplateCorpus>('templates.json');
const seen = new Set<string>();

for (const { template, doc, output, error, parse_error } of corpus?.cases ?? []) {
  const name = `${JSON.stringify(template)} on ${doc}`;
  if (seen.has(name)) continue;
  seen.add(name);
  t.test(name, t => {
    const document = corpus?.docs[doc ?? ''];
    const typed =
      document && applySchema(document.kind === 'image' ? IMAGE_SCHEMA : CONTAINER_SCHEMA, document.doc);
    const run = () => renderInspect(template, typed, document?.doc);
    if (parse_error !== undefined)
      t.throws(() => renderTemplate(template, {}), { code: 'USAGE_TEMPLATE', message: parse_error });
    else if (error !== undefined) t.throws(run, { code: 'USAGE_TEMPLATE_FIELD', message: error });
    // An address in memory differs from run to run; what stands around it is compared.
    else if (/0x[0-9a-f]{9,}/.test(output ?? '')) t.match(`${run()}\n`, aroundAddresses(output ?? ''));
    else t.equal(`${run()}\n`, output);
    t.end();
  });
}

function aroundAddresses(output: string): RegExp {
  const parts = output.split(/0x[0-9a-f]{9,}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(parts.join('[^]*').replace('80/tcp:\\{\\} 443/udp:\\{\\}', '[^\\]]*'));
}
