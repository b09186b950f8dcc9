/** The version of package.json, put in by the build. */
declare const __DECKHAND_VERSION__: string;
