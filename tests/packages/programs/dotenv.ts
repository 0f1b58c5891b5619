import dotenv from "dotenv";

export default () => dotenv.parse("# shop\nPORT=8080\nNAME='Tea house'\nLINES=\"a\\nb\"\nEMPTY=");
