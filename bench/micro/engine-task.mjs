// One task of one engine in a process of its own, to see how much memory it takes: engine-task.mjs ENGINE TASK
import { loadEngine } from '../../dist/layer/index.js';

const [name, task] = process.argv.slice(2);
const [method, ...args] = JSON.parse(task);
await (await loadEngine(name))[method](...args);
