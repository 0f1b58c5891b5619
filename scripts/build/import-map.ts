/** Makes the import map of a sandbox, for the modules whose functions runner-image/ replaces. */

/**
 * Exports of modules that runner-image/ changes, as Deno 2.9.6 has them. Their own exports keep the
 * originals, so an import gets a module with what the changed object has under these names.
 */
export const CHANGED_MODULES = {
  crypto: `Certificate Cipheriv Decipheriv DiffieHellman DiffieHellmanGroup ECDH Hash Hmac KeyObject Sign Verify X509Certificate checkPrime checkPrimeSync constants createCipheriv createDecipheriv createDiffieHellman createDiffieHellmanGroup createECDH createHash createHmac createPrivateKey createPublicKey createSecretKey createSign createVerify diffieHellman generateKey generateKeyPair generateKeyPairSync generateKeySync generatePrime generatePrimeSync getCipherInfo getCiphers getCurves getDiffieHellman getFips getHashes getRandomValues hash hkdf hkdfSync pbkdf2 pbkdf2Sync privateDecrypt privateEncrypt pseudoRandomBytes publicDecrypt publicEncrypt randomBytes randomFill randomFillSync randomInt randomUUID scrypt scryptSync secureHeapUsed setEngine setFips sign subtle timingSafeEqual verify webcrypto`,
  http: `Agent ClientRequest IncomingMessage METHODS OutgoingMessage STATUS_CODES Server ServerImpl ServerResponse _connectionListener createServer get globalAgent maxHeaderSize request setMaxIdleHTTPParsers validateHeaderName validateHeaderValue`,
  http2: `ClientHttp2Session Http2ServerRequest Http2ServerResponse Http2Session Http2Stream ServerHttp2Session addAbortListener connect constants createSecureServer createServer getDefaultSettings getPackedSettings getUnpackedSettings performServerHandshake sensitiveHeaders`,
  https: `Agent Server createServer get globalAgent request`,
  module: `Module SourceMap _cache _extensions _findPath _initPaths _load _nodeModulePaths _pathCache _preloadModules _resolveFilename _resolveLookupPaths _stat builtinModules createRequire findPackageJSON findSourceMap getBuiltinModule globalPaths isBuiltin register registerHooks runMain stripTypeScriptTypes syncBuiltinESMExports wrap`,
  net: `BlockList Server Socket SocketAddress Stream _createServerHandle _normalizeArgs connect createConnection createServer getDefaultAutoSelectFamily getDefaultAutoSelectFamilyAttemptTimeout isIP isIPv4 isIPv6 setDefaultAutoSelectFamily setDefaultAutoSelectFamilyAttemptTimeout`,
  os: `EOL arch availableParallelism constants cpus devNull endianness freemem getPriority homedir hostname loadavg machine networkInterfaces platform release setPriority tmpdir totalmem type uptime userInfo version`,
  process: `abort allowedNodeEnvironmentFlags arch argv argv0 availableMemory chdir constrainedMemory cpuUsage cwd dlopen emitWarning env execArgv execPath exit getActiveResourcesInfo getBuiltinModule getegid geteuid getgid getuid hrtime kill loadEnvFile memoryUsage nextTick pid platform ppid removeAllListeners removeListener report resourceUsage setegid seteuid setgid setuid stderr stdin stdout threadCpuUsage umask version versions`,
  tls: `CLIENT_RENEG_LIMIT CLIENT_RENEG_WINDOW CryptoStream DEFAULT_CIPHERS DEFAULT_ECDH_CURVE DEFAULT_MAX_VERSION DEFAULT_MIN_VERSION SecurePair Server TLSSocket checkServerIdentity connect convertALPNProtocols createSecureContext createSecurePair createServer getCACertificates getCiphers rootCertificates setDefaultCACertificates`,
  v8: `DefaultDeserializer DefaultSerializer Deserializer GCProfiler Serializer cachedDataVersionTag deserialize getHeapCodeStatistics getHeapSnapshot getHeapSpaceStatistics getHeapStatistics queryObjects serialize setFlagsFromString setHeapSnapshotNearHeapLimit startupSnapshot stopCoverage takeCoverage writeHeapSnapshot`,
  vm: `Module Script SourceTextModule SyntheticModule compileFunction constants createContext createScript isContext measureMemory runInContext runInNewContext runInThisContext`,
  wasi: `WASI`,
};

/**
 * Modules of the runtime that may be imported without "node:", as the list of Deno 2.9.6 has them.
 * The runtime resolves these names by itself only where there is no import map.
 */
export const BARE_BUILTINS =
  `_http_agent _http_common _http_outgoing _http_server _stream_duplex _stream_passthrough _stream_readable _stream_transform _stream_writable _tls_common _tls_wrap assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns dns/promises domain events fs fs/promises http http2 https inspector inspector/promises module net os path path/posix path/win32 perf_hooks process punycode querystring readline readline/promises repl stream stream/consumers stream/promises stream/web string_decoder sys timers timers/promises tls trace_events tty url util util/types v8 vm wasi worker_threads zlib`.split(
    " ",
  );

/**
 * Makes the import map. No module is mapped to an original in any scope: code can name any
 * module as the one that imports.
 *
 * @param modules Other specifiers, and their paths.
 */
export function importMap(modules: readonly (readonly string[])[]): object {
  const imports: Record<string, string> = Object.fromEntries(modules);
  for (const name of BARE_BUILTINS) imports[name] = `node:${name}`;
  for (const [name, exports] of Object.entries(CHANGED_MODULES)) {
    const names = exports.trim().split(/\s+/).join(", ");
    const text = `const all = process.getBuiltinModule("node:${name}");
      export default all; export const { ${names} } = all;`;
    const url = `data:text/javascript,${encodeURIComponent(text)}`;
    imports[name] = url;
    imports[`node:${name}`] = url;
  }
  return { imports };
}
