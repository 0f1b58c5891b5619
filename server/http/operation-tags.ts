/** Groups of operations in the contract, in the order of the docs page. */
export const OPERATION_TAGS: readonly { readonly name: string; readonly description: string }[] = [
  { name: "Executions", description: "Run code once, now or later, and read what was run" },
  { name: "Sessions", description: "Executions that share globals and files" },
  { name: "Functions", description: "Code that is deployed once and called by its name" },
  { name: "Packages", description: "Prepared sets of npm packages" },
  { name: "Secrets", description: "Values that code finds and nobody reads" },
  { name: "Hosts", description: "Host names of HTTP functions" },
  { name: "Tenant", description: "Limits, use and keys of the key's own tenant" },
  { name: "Administration", description: "Tenants, keys and servers, with the operator's key" },
  { name: "Registry", description: "Resources of the ResourceX protocol" },
  { name: "Piston", description: "Programs for clients of Piston" },
  { name: "MCP", description: "Tools for models, by the Model Context Protocol" },
  { name: "Health", description: "State of the server, for probes and monitoring" },
  { name: "Contract", description: "The description of this API" },
];
