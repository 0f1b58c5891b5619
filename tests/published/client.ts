// client.ts
interface ExecuteRequest {
  code: string;
  input?: unknown;
  entry?: string;
  timeout?: number;
  tools?: string[];
  permissions?: Record<string, unknown>;
}

interface ExecuteResponse {
  ok: boolean;
  result?: unknown;
  logs?: Array<{
    level: string;
    message: string;
    timestamp: number;
  }>;
  duration: number;
}

async function execute(request: ExecuteRequest): Promise<ExecuteResponse> {
  const response = await fetch('http://localhost:8787/execute', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request)
  });
  
  if (!response.ok) {
    throw new Error(`HTTP ${response.status}: ${response.statusText}`);
  }
  
  return response.json();
}

// 使用示例
const result = await execute({
  code: `
    export default async function(userId) {
      const user = await db.users.findUnique({ where: { id: userId } });
      return { id: user.id, name: user.name };
    }
  `,
  input: 123,
  tools: ['database'],
  timeout: 5000
});

console.log('Result:', result.result);
console.log('Duration:', result.duration, 'ms');
