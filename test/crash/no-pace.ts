/** Stands for the plugin of that name in the bundle. */
export const throttling = () => ({});
