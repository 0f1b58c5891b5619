/** Style sheets, which the build bundles into a file of its own. */
declare module "*.css";
