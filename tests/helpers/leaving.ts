/** Code of many executions, each of which leaves something else. */
export const LEAVING = [
  "export default (n) => n",
  "const blob = new Blob(['x'.repeat(1e5)]); URL.createObjectURL(blob); export default (n) => n",
  "setInterval(() => console.log('left'), 1); export default (n) => n",
  `const nested = new Worker("data:text/javascript,postMessage(1);setInterval(()=>{},10)", { type: "module" });
    await new Promise((resolve) => { nested.onmessage = resolve }); export default (n) => n`,
  "globalThis.all = new Array(1e5).fill({}); Promise.reject(new Error('left')).catch(() => {}); export default (n) => n",
];
