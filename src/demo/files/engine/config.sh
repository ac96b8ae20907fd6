# Sizes and the vocabulary; the most frequent words come first.
BATCH_TOKENS=138
CACHE_BLOCKS=160
NEW_TOKENS=1
LOGITS=16
STRIDE=15
TOP_K=10
VOCAB="the a of to in is and it for on with as at by from what how why who when
model token cache batch prompt text word list name day city river tree water fire stone light night
write read tell show give make find count sort sum compare explain list draw plan build test run
north south east west early late young old small large quick slow warm cold clear dark round flat
bread salt apple corn wheat rice bean leaf root seed bark moss fern pine oak birch cedar maple
king queen knight bishop rook pawn board move check mate game score round clock draw win loss tie
red green blue grey brown black white gold silver copper iron tin lead zinc steel glass sand clay
one two three four five six seven eight nine ten first second third last next same other both each
house door roof wall floor room table chair lamp shelf clock paper pen ink page line letter note map
road bridge harbor ship sail wind wave coast island hill valley field forest path gate tower square
green tea coffee milk honey sugar cream cake soup stew roast plum pear grape lemon orange cherry
spring summer autumn winter morning noon evening week month year hour minute past future always never
dog cat horse cow sheep goat duck goose hen fox wolf bear deer owl hawk crow swan frog fish whale
engine wheel pump valve pipe wire lens gear belt spring motor rail track signal switch cable plug
shirt coat hat shoe sock glove belt scarf ring watch bag purse coin note bill price sale shop store
actor poet baker miner pilot nurse judge clerk guard scout smith tailor weaver potter farmer sailor"
