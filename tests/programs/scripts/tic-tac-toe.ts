/** Plays tic-tac-toe by minimax with alpha-beta and a memo. */
type Player = "X" | "O";
type Board = (Player | " ")[];

const LINES = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]] as const;

const winner = (board: Board): Player | undefined => {
  for (const [a, b, c] of LINES) if (board[a] !== " " && board[a] === board[b] && board[b] === board[c]) return board[a] as Player;
};
const free = (board: Board): number[] => board.flatMap((cell, i) => (cell === " " ? i : []));
const other = (player: Player): Player => (player === "X" ? "O" : "X");

const memo = new Map<string, number>();
let visited = 0;

function score(board: Board, turn: Player, alpha = -Infinity, beta = Infinity): number {
  const key = board.join("") + turn;
  const known = memo.get(key);
  if (known !== undefined) return known;
  visited++;
  const won = winner(board);
  if (won) return won === "X" ? 10 - (9 - free(board).length) : -10 + (9 - free(board).length);
  if (free(board).length === 0) return 0;
  let best = turn === "X" ? -Infinity : Infinity;
  for (const cell of free(board)) {
    const value = score(board.with(cell, turn), other(turn), alpha, beta);
    if (turn === "X") best = Math.max(best, value), (alpha = Math.max(alpha, best));
    else best = Math.min(best, value), (beta = Math.min(beta, best));
    if (beta < alpha) break;
  }
  memo.set(key, best);
  return best;
}

const draw = (board: Board): string => [0, 3, 6].map((i) => board.slice(i, i + 3).join("|")).join("\n-+-+-\n");

export default function main(): { result: string; moves: number[] } {
  let board: Board = Array<" ">(9).fill(" ");
  let turn: Player = "X";
  const moves: number[] = [];
  while (!winner(board) && free(board).length > 0) {
    const options = free(board).map((cell) => ({ cell, value: score(board.with(cell, turn), other(turn)) }));
    const best = options.reduce((a, b) => ((turn === "X" ? b.value > a.value : b.value < a.value) ? b : a));
    moves.push(best.cell);
    board = board.with(best.cell, turn);
    console.count(turn);
    turn = other(turn);
  }
  console.log(draw(board));
  console.debug("%d positions, %i remembered", visited, memo.size);
  console.assert(winner(board) === undefined, "Perfect play is a draw, not %s", winner(board));
  return { result: winner(board) ?? "draw", moves };
}
