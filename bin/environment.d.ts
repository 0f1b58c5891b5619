export declare function takeEnvironment(): NodeJS.ProcessEnv;
