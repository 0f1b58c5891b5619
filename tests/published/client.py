# client.py
import requests
import json

def execute(code: str, input_data=None, tools=None, timeout=3000):
    payload = {
        'code': code,
        'input': input_data,
        'tools': tools or [],
        'timeout': timeout
    }
    
    response = requests.post(
        'http://localhost:8787/execute',
        headers={'Content-Type': 'application/json'},
        json=payload
    )
    
    response.raise_for_status()
    return response.json()

# 使用示例
result = execute(
    code='''
        export default function(numbers) {
            return numbers.reduce((sum, n) => sum + n, 0);
        }
    ''',
    input_data=[1, 2, 3, 4, 5]
)

print(f"Result: {result['result']}")
print(f"Duration: {result['duration']}ms")
