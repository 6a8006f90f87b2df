# Redraws the picture: gnuplot './histogram-over-time.gp'
set terminal svg size 640,457 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './histogram-over-time.svg'
data = './histogram-over-time.dat'
set encoding utf8
set label 1 'Latency over a run: fault/<script>alert(1)</script>&''"`touch' at screen 0.0187,0.9606 left font ',15'
set label 2 'hacked`$(touch hacked)%s\n{/Bold x}_^@' at screen 0.0187,0.9212 left font ',15'
set label 3 'Faultline reference (model: native), policy xe-7.0, model native, kernel 6.19.0' at screen 0.0187,0.8796 left font ',11' textcolor rgb '#444444'
set label 4 'A: run 12345678' at screen 0.0187,0.8468 left font ',11' textcolor rgb '#444444'
set label 5 'n = 500 accesses in the order they were made, 5 a column; colour: how many fell there' at screen 0.0187,0.8140 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
unset key
set lmargin at screen 0.1250
set rmargin at screen 0.8281
set tmargin at screen 0.7746
set bmargin at screen 0.1182
set xrange [0:500]
set xtics ('0' 0, '100' 100, '200' 200, '300' 300, '400' 400, '500' 500)
set xrange [0:500]
set yrange [66:81]
set ytics ('2us' 66.021, '5us' 73.979, '10us' 80)
set xlabel 'access, in order'
set ylabel 'latency'
set logscale cb
set cblabel 'accesses'
set palette defined (0 '#deebf7', 0.5 '#4292c6', 1 '#08306b')
set cbrange [1:2]
set style fill solid 1 noborder
plot data index 0 using 1:2:($1-2.5):($1+2.5):($2-0.5):($2+0.5):3 with boxxyerror lc palette notitle
unset output
